# Pages. `$product` is there in every text.

page-title = { $title } · { $product }
page-title-problem = Problem: { $title } · { $product }
to-home = Go to { $product }

# Fields that several pages have.
name = Your name
email = E-mail address
password = Password
password-again = Please enter the password again: we do not keep it between two tries.
password-hint = At least { $count } characters. A few words that only you put together are easy to keep in mind.

# Signing up.
sign-up-title = Create your account
sign-up-email-hint = We send a mail there to confirm that it is yours.
sign-up-organization = Organization (optional)
sign-up-organization-hint = The name of your company or team. It is created with you as its owner once your address is confirmed.
sign-up-button = Create account
sign-up-have-account = Already have an account?
sign-up-waiting = Have a code already?
sign-up-enter-code = Enter the code
sign-up-twice = If you pressed the button twice, everything is fine: the mail is on its way.

# Waiting for the mail.
check-mail-title = Check your mail
check-mail-intro = We have sent a mail to:
check-mail-pending = Your password is right. Before you can go on, please confirm this address:
check-mail-how = Open the link in it, or enter the code from it here.
check-mail-pending-how = Open the link in the mail we sent you, or enter the code from it here. If the mail is older than 10 minutes, ask for a new one below.
check-mail-code-title = Enter your code
check-mail-code-intro = Enter the code from the mail that we sent you. It works only in the browser in which you asked for it.
check-mail-development = This is a development system: mails stay here.
check-mail-mailbox = Open the mailbox
check-mail-code = Code from the mail
check-mail-code-hint = 6 digits. It works for 10 minutes.
check-mail-button = Confirm address
check-mail-again = No mail?
check-mail-again-hint = Look into your spam folder first. A new mail replaces the one before.
check-mail-again-ask = Tell us your address, and we send a new link and a new code there.
check-mail-again-button = Send a new mail
check-mail-sent-again = If this address waits to be confirmed, a new mail is on its way. Links and codes from earlier mails no longer work.
check-mail-wrong-address = Wrong address?
check-mail-sign-up-again = Sign up again
check-mail-confirmed = Already confirmed?
check-mail-dead-title = This link does not work any more
check-mail-dead-used = If you have just confirmed your address, all is well and you can go on:
check-mail-dead-again = Get a new link

# The page behind the mailed link.
verify-title = Confirm your address
verify-title-password = Confirm and choose a password
verify-intro = One more press of the button, and this address is confirmed as yours:
verify-intro-password = This address will be confirmed as yours:
verify-why = You opened this link in another browser than the one that signed up, or its cookies were cleared in between. To be sure that nobody else has prepared this account, please choose a new password. It replaces the one from the sign-up.
verify-why-code = You are using another browser than the one that signed up, or its cookies were cleared in between. To be sure that nobody else has prepared this account, please choose a new password. It replaces the one from the sign-up.
verify-password = New password
verify-organization-hint = You can still change it. If you leave it empty, the name from the sign-up stays.
verify-button = Confirm address
verify-button-password = Confirm and set password
verify-not-you = If you did not ask for this, simply close this page. Nothing will happen.

# Signing in.
sign-in-title = Sign in
sign-in-remember = Stay signed in
sign-in-remember-hint = Only on a device that is yours.
sign-in-button = Sign in
sign-in-no-account = No account yet?
sign-in-sign-up = Sign up
sign-in-already = You are signed in as
sign-in-go-on = Go on as this person
notice-verified = Your e-mail address is confirmed. You can sign in now.
notice-signed-out = You are signed out on this device.
notice-signed-out-everywhere = You are signed out everywhere, on this device too.

# Choosing an organization.
choose-title = Choose an organization
choose-intro = Which one do you want to work in? You can switch at any time.
choose-current = Current
choose-none = You do not belong to any organization yet. Ask an administrator to add you.
choose-other = Not you?
choose-sign-in = Sign in as somebody else

# Proving again who one is.
step-up-title = Please confirm that it is you
step-up-intro = What comes next is sensitive, so we ask for your password once more. You are signed in as:
step-up-wrong = This password is not right. Please try again.
step-up-button = Confirm
step-up-not-you = Not you?

# The account.
account-title = Your account
account-you = You
account-organization = Organization
account-no-organization = None at the moment
account-switch = Switch
sign-out = Sign out
account-sessions = Where you are signed in
account-sessions-intro = If you do not recognize one of these, end it: that device is signed out at once.
account-this-device = This device
account-end = End
account-end-named = End the session on { $device }, { $since }
notice-session-ended = That session has ended. The device is signed out.
account-everywhere = Sign out everywhere
account-everywhere-why = Ends all sessions at once, this one too. Useful if a device was lost or you forgot to sign out somewhere.
account-everywhere-button = Sign out everywhere
device = { $browser } on { $system }
device-unknown = Unknown device
seen-now = Active now
seen = Active { $ago }
since-now = signed in just now
since = signed in { $ago }
ago-minutes = { $count } min ago
ago-hours = { $count } h ago
ago-yesterday = yesterday
ago-days = { $count } days ago

# Development.
development-note = Development system.
development-mailbox = Mailbox
mailbox-title = Development mailbox
mailbox-intro = Mails of this system end here instead of going out. This page exists only on localhost.
mailbox-mails = Mails
mailbox-reload = Look again
mailbox-to = To
mailbox-empty = No mails yet. They arrive within a second or two.
mail-back = Back to the mailbox

# When something goes wrong.
error-title = Something is in the way
error-title-form = Please open the form again
error-title-not-found = There is nothing here
error-title-unavailable = Not available right now
error-title-denied = You may not do this
error-form-why = This happens when the form was open for a long time, or when cookies were deleted or are blocked. Cookies of this site must be allowed to sign in. What you entered was not used.
error-back = Back to the form
error-again = Try again
error-switch = Switch organization
