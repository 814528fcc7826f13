# What went wrong, by code, as a person reads it: what happened and what to do.

unauthenticated = You are not signed in. Sign in and try again.
invalid-credentials = This e-mail address and this password do not belong together. Check both and try again.
    .either = This name and this password do not belong together. Check both and try again.
    .phone = This phone number and this password do not belong together. Check both and try again.
account-unavailable = This account cannot be used. Please contact support.
too-many-attempts = Too many attempts. Please try again { $when }.
bot-check-required = To keep programs out, we check that you are a person. Please send the form once more: the check runs by itself.
bot-check-failed = The check that you are a person was too old or was used already. Please send the form once more.
link-invalid = This link was used before, was replaced by a newer one, or has expired.
other-browser = This link works only in the browser in which you asked for it. Open it there, or ask for a new one here.
code-invalid = This code is wrong, was replaced by a newer one, or has expired. Check your latest mail, or ask for a new code.
    .either = This code is wrong, was replaced by a newer one, or has expired. Check your latest message, or ask for a new code.
    .phone = This code is wrong, was replaced by a newer one, or has expired. Check your latest text, or ask for a new code.
attempt-expired = Your sign-in took too long or was completed elsewhere. Please sign in again.
step-up-required = Please confirm that it is you to go on.
policy-unmet = This organization asks for more than your present sign-in. Please sign in again as it asks.
invalid-token = This access is not valid any more. Sign in again.
invalid-client = No service is known by this name and secret. Please check both.
api-key-not-accepted = A program cannot do this with an API key. Somebody has to sign in.
api-key-required = This is for programs. Send an API key.
insufficient-scope = This API key, or its owner, does not have the right to do this. Please use another one.
ambiguous-credentials = This request carries two proofs of identity at once. Send only one.
permission-missing = You do not have the right to do this here. Ask an administrator of your organization.
wrong-org = You are working in another organization. Switch to this one first.
organization-required = Choose an organization first.
not-found = What you are looking for does not exist, or it is not yours to see. Check the address.
authority-changed = Your rights have changed in the meantime. Please load the page again.
rights-exceeded = These roles give rights that you do not have yourself. Please ask somebody who has them.
last-owner = Somebody must answer for the organization. Please make somebody else an owner first.
already-member = This user is a member already. Please change their roles instead.
second-factor-required = This account is protected by a second factor. Please enter its code, too.
factor-required = Your organization asks for a second factor. Please set up another one before you remove this one.
members-stranded = Some members of your organization could not sign in like that. Please let everybody set up a passkey or another factor that counts first.
passkey-invalid = This passkey is not right here, or the page was open for too long. Please try again, or use another way.
passkey-known = This passkey is registered already.
last-sign-in-method = This is your only way to sign in. Please set a password or make another passkey before you remove it.
seats-taken = There are as many active members as your plan allows. Please remove or suspend a member first.
conflict = Somebody else changed the same thing at the same time. Please try again.
unavailable = Something does not work at the moment. Nothing was changed. Please try again shortly.
busy = Very many people are signing in right now. Please try again in a moment.
cross-site = We could not make sure that this came from you, so nothing was done. Please open the form again and send it once more.
malformed-request = We could not read what your browser sent. Nothing was changed. Please go back and try again.
invalid-fields = Please correct what is marked below.
payload-too-large = What was sent is too large. Nothing was changed. Please shorten it and try again.
unsupported-media-type = The request has a form that is not understood here.
method-not-allowed = This address cannot be used like that. Nothing was changed.
internal = Something went wrong on our side. Nothing was changed. Please try again.

# When it is worth trying again; fills `$when`.
wait-seconds =
    { $count ->
        [one] in 1 second
       *[other] in { $count } seconds
    }
wait-minutes =
    { $count ->
        [one] in 1 minute
       *[other] in { $count } minutes
    }
wait-hours =
    { $count ->
        [one] in 1 hour
       *[other] in { $count } hours
    }

# What is wrong with a field. `field-<field>-<code>` is preferred to `field-<code>`.
field-required = Please fill this in.
field-too-long = This is too long.
field-too-short = This is too short.
field-malformed = This does not look right. Please check it.
field-forbidden-character = This contains a character that cannot be used.
field-taken = This is taken already.
field-disposable = This is a throw-away address. Please use one that you will still read next month.
field-primary = This is your primary address. Make another one primary first.
field-wrong = This is not your present password.
field-domain = Please check the part after the @: this is no valid domain.
field-contains-name = The password contains your name. Choose one that does not.
field-contains-email = The password contains your e-mail address. Choose one that does not.
field-contains-product = The password contains the name of this application. Choose one that does not.
field-contains-denied-word = The password contains a word that is guessed easily here. Choose one without it.
field-needs-non-alphabetic = The password needs a character that is not a letter. Add a digit, a symbol or a space.
field-needs-mixed-case = The password needs upper-case and lower-case letters. Add the kind that is missing.
field-needs-digit = The password needs a digit. Add one.
field-needs-symbol = The password needs a symbol. Add one, such as a punctuation mark.
field-common = Many people use this password, so it is guessed first. Choose another, such as a few words of your own.
field-too-guessable = This password is guessed easily. Make it longer, such as by a few unrelated words.
field-breached = This password became known in a data breach elsewhere. Choose another, and change it wherever else you use it.
field-reused = You have used this password before. Choose one that is new.
field-unknown = This field is not expected here.
field-duplicate = This field was sent twice.

field-email-required = Please enter your e-mail address.
    .either = Please enter your e-mail address or your phone number.
    .phone = Please enter your phone number.
field-email-malformed = Please enter an address like name@example.com.
    .either = Please enter an address like name@example.com, or a phone number.
field-password-required = Please enter a password.
field-password-too-short = Please choose a password with at least { $min } characters.
field-password-too-long = Please choose a password with at most 256 characters.
field-name-required = Please enter your name.
field-name-too-long = Please enter at most 64 characters.
field-organization-too-long = Please enter at most 64 characters.
field-second-factor-wrong = This code is not right, or was used before. Please wait for the next one that your app shows.
field-second-factor-malformed = A code is six digits, or a recovery code of 16 letters and digits.
field-credential-required = Please let your device answer first.
field-credential-malformed = The answer of your device cannot be read. Please try again.
field-passkey-too-many = This account has as many passkeys as there may be. Please remove one first.
field-second-factor-required = Please enter a code of your second factor.
field-code-required = Please enter the code.
field-code-malformed = A code is six digits, or a recovery code of 16 letters and digits.
field-time-zone-malformed = Please enter a time zone like Europe/Vienna, or leave this empty.
field-picture-malformed = Please enter an address that begins with https:// or leave this empty.
field-new-password-required = Please enter a new password.
field-new-password-too-short = Please choose a password with at least { $min } characters.
field-new-password-too-long = Please choose a password with at most 256 characters.
field-reserved = This word is reserved. Please choose another one.
field-too-many = These are too many. Please remove some first.
field-rights-required = Please choose at least one right.
field-key-name-taken = There is a key of this name already. If you have just made it, it is in the list.
field-days-malformed = Please enter a number of days.
field-days-too-long = An API key may not live that long here.
field-days-too-short = Please let the key live for at least a day.
field-scopes-required = Please choose at least one right.
field-scopes-unknown = There is no such right here.
field-life-too-long = An API key may not live that long here.
field-life-too-short = Please let the key live for at least a day.
field-overlap-too-long = The old key can go on for 7 days at most.
field-api-keys-too-many = There are as many API keys as there may be. Please end some first.
field-slug-required = Please enter a short name for addresses.
field-slug-malformed = Please use 2 to 48 letters, digits and single hyphens.
field-slug-taken = Another organization has this short name. Please choose another one.
field-roles-required = Please choose at least one role.
field-organization-name-required = Please enter the name of the organization.
field-organization-name-too-long = Please enter at most 64 characters.
field-heir-required = Please choose who takes the organization over.
field-role-name-required = Please enter a name for the role.
field-role-name-too-long = Please enter at most 64 characters.
field-role-name-taken = There is a role of this name already.
field-roles-unknown = One of these roles is no more. Please choose again.
field-rights-unknown = One of these rights is not known here. Please choose again.
field-username-required = Please choose a username.
field-username-taken = This username is taken. Please choose another one.
field-username-reserved = This username is reserved. Please choose another one.
field-username-too-short = Please choose a username with at least 3 characters.
field-username-too-long = Please choose a username with at most 32 characters.
field-username-malformed = A username has a letter in it, and begins and ends with a letter or a digit.
field-username-forbidden-character = Please use letters, digits and . _ - only.
field-username-misleading = Please use letters of one alphabet: some look like others.
field-misleading = Please use letters of one alphabet: some look like others.
field-country = We send no texts to numbers of this country.
field-needs-number = Please enter your phone number.
field-malformed-number = Please enter a phone number like +1 202 555 0143, without an extension.
field-needs-country-code = Please begin the number with + and the country code.
field-no-such-number = There is no such phone number. Please check it.
field-not-texted = This kind of number does not get text messages from us. Please enter the number of a mobile phone.
