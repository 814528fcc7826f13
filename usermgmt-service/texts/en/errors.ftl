# What went wrong, by code, as a person reads it: what happened and what to do.

unauthenticated = You are not signed in. Sign in and try again.
invalid-credentials = E-mail address and password do not belong together. Check both and try again.
account-unavailable = This account cannot be used. Please contact support.
too-many-attempts = Too many attempts. Please try again { $when }.
link-invalid = This link was used before, was replaced by a newer one, or has expired. Ask for a new one below.
code-invalid = This code is wrong, was replaced by a newer one, or has expired. Check your latest mail, or ask for a new code.
attempt-expired = Your sign-in took too long or was completed elsewhere. Please sign in again.
step-up-required = Please confirm that it is you to go on.
policy-unmet = This organization asks for more than your present sign-in. Please sign in again as it asks.
permission-missing = You do not have the right to do this here. Ask an administrator of your organization.
wrong-org = You are working in another organization. Switch to this one first.
organization-required = Choose an organization first.
not-found = There is nothing here, or it is not yours to see.
authority-changed = Your rights have changed in the meantime. Please load the page again.
conflict = Somebody else changed the same thing at the same time. Please try again.
unavailable = Something does not work at the moment. Nothing was changed. Please try again shortly.
busy = Very many people are signing in right now. Please try again in a moment.
cross-site = This request came from another site and was not carried out. Please load the page and try again.
malformed-request = The request could not be read.
invalid-fields = Please correct what is marked below.
payload-too-large = The request is too large.
unsupported-media-type = The request has a form that is not understood here.
method-not-allowed = This cannot be done here.
internal = Something went wrong on our side. Nothing was changed.

field-required = Please fill this in.
field-too-long = This is too long.
field-too-short = This is too short.
field-malformed = This does not look right. Please check it.
field-forbidden-character = This contains a character that cannot be used.
field-taken = This is taken already.
field-domain = Please check the part after the @.
field-contains-name = The password contains your name. Choose one that does not.
field-contains-email = The password contains your e-mail address. Choose one that does not.
field-unknown = This field is not expected here.
field-duplicate = This field was sent twice.
