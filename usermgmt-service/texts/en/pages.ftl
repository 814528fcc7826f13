# Pages. `$product` is there in every text.

page-title = { $title } · { $product }
page-title-problem = Problem: { $title } · { $product }
to-home = Go to { $product }

# Fields that several pages have.
name = Your name
email = E-mail address
contact = E-mail address
    .either = E-mail address or phone number
    .phone = Phone number
password = Password
password-again = Please enter the password again: we do not keep it between two tries.
password-hint = At least { $count } characters. A few words that only you put together are easy to keep in mind.

# The bot check of a form.
bot-check-hint = A short check keeps programs out. It runs by itself while you type.
bot-check-working = Checking that you are a person … this takes a moment and runs by itself.
bot-check-done = Checked. You can go on.
bot-check-failed-here = The check did not work. Please press the button again; if it fails once more, load the page anew.
bot-check-no-script = This form needs JavaScript, for a short check that keeps programs out. Please switch it on for this page, or use another browser.

# Signing up.
sign-up-title = Create your account
sign-up-email-hint = We send a mail there to confirm that it is yours.
    .either = We send a code there to confirm that it is yours.
    .phone = We text a code there to confirm that it is yours.
sign-up-organization = Organization (optional)
sign-up-organization-hint = The name of your company or team. It is created with you as its owner once your address is confirmed.
sign-up-button = Create account
sign-up-have-account = Already have an account?
sign-up-waiting = Have a code already?
sign-up-enter-code = Enter the code
sign-up-twice = If you pressed the button twice, everything is fine: the mail is on its way.
    .either = If you pressed the button twice, everything is fine: the message is on its way.
    .phone = If you pressed the button twice, everything is fine: the text is on its way.

# Waiting for the mail.
check-mail-title = Check your mail
    .either = Check your messages
    .phone = Check your phone
check-mail-intro = We have sent a mail to:
    .either = We have sent a message to:
    .phone = We have sent a text to:
check-mail-pending = Your password is right. Before you can go on, please confirm this address:
    .phone = Your password is right. Before you can go on, please confirm this number:
check-mail-how = Open the link in it, or enter the code from it here.
    .phone = Enter the code from it here.
check-mail-pending-how = Open the link in the mail we sent you, or enter the code from it here. If the mail is older than 10 minutes, ask for a new one below.
    .phone = Enter the code from the text we sent you. If the text is older than 10 minutes, ask for a new one below.
check-mail-code-title = Enter your code
check-mail-code-intro = Enter the code from the mail that we sent you. It works only in the browser in which you asked for it.
    .either = Enter the code from the message that we sent you. It works only in the browser in which you asked for it.
    .phone = Enter the code from the text that we sent you. It works only in the browser in which you asked for it.
check-mail-development = This is a development system: mails stay here.
    .either = This is a development system: messages stay here.
    .phone = This is a development system: texts stay here.
check-mail-mailbox = Open the mailbox
check-mail-code = Code from the mail
    .either = Code from the message
    .phone = Code from the text
check-mail-code-hint = 6 digits. It works for 10 minutes.
check-mail-button = Confirm address
    .either = Confirm
    .phone = Confirm number
check-mail-again = No mail?
    .either = No message?
    .phone = No text?
check-mail-again-hint = Look into your spam folder first. A new mail replaces the one before.
    .phone = A text can take a minute. A new one replaces the one before.
check-mail-again-ask = Tell us your address, and we send a new link and a new code there.
    .either = Tell us your address or your number, and we send a new code there.
    .phone = Tell us your number, and we send a new code there.
check-mail-again-button = Send a new mail
    .either = Send a new message
    .phone = Send a new text
check-mail-sent-again = If this address waits to be confirmed, a new mail is on its way. Links and codes from earlier mails no longer work.
    .either = If it waits to be confirmed, a new message is on its way. Codes from earlier ones no longer work.
    .phone = If this number waits to be confirmed, a new text is on its way. Codes from earlier texts no longer work.
check-mail-wrong-address = Wrong address?
    .phone = Wrong number?
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
    .phone = This number will be confirmed as yours:
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
    .either = You have confirmed that it is yours. You can sign in now.
    .phone = Your phone number is confirmed. You can sign in now.
notice-signed-out = You are signed out on this device.
notice-signed-out-everywhere = You are signed out everywhere, on this device too.

sign-in-forgot = Forgot your password?
notice-password-set = Your new password is set, and you are signed out everywhere else. You can sign in now.
notice-secured = Your account is safe again: everybody is signed out and the old password is void. We have sent you a mail by which you set a new one.
notice-email-added = The address is confirmed and belongs to your account now.
    .either = It is confirmed and belongs to your account now.
    .phone = The number is confirmed and belongs to your account now.

# A forgotten password.
forgot-title = Set a new password
forgot-intro = Tell us the e-mail address of your account. If there is one, we send a mail there by which you set a new password.
    .either = Tell us the e-mail address or the phone number of your account. If there is one, we send a message there by which you set a new password.
    .phone = Tell us the phone number of your account. If there is one, we text a code there by which you set a new password.
forgot-button = Send the mail
    .either = Send the message
    .phone = Send the code
forgot-have-code = Have a code already?
forgot-remembered = Remembered it?
reset-title = Choose a new password
reset-sent = If there is an account with this address, a mail is on its way. Links and codes from earlier mails no longer work.
    .either = If there is such an account, a message is on its way. Links and codes from earlier ones no longer work.
    .phone = If there is an account with this number, a code is on its way: by mail if it has an e-mail address, else by text. Earlier codes no longer work.
reset-intro-link = This sets a new password for the account of:
reset-intro-code = Enter the code from the mail, or open the link in it. The code works only in the browser in which you asked for it.
    .either = Enter the code from the message. It works only in the browser in which you asked for it.
    .phone = Enter the code from the text. It works only in the browser in which you asked for it.
reset-ends = Afterwards you are signed out everywhere and sign in with the new password.
reset-button = Set the new password
reset-dead = Ask for a new mail; it brings a link that works.
reset-back = Back to sign in

# A new password within a sign-in.
new-password-title = Choose a new password
new-password-intro = Your password is right, and it has to be replaced: it was given to you, or it has been used for a long time. Choose one that only you know.

# Behind mailed links.
mailed-dead = Ask for it once more to get a link that works.
mailed-secure-title = Was that not you?
mailed-secure-intro = With one press of the button, the account with this address is safe again:
mailed-secure-what = Everybody is signed out everywhere, the password is void, e-mail addresses that were added since are removed, and we send a mail to this address by which you set a new password.
mailed-secure-button = Make my account safe
mailed-secure-not = If it was you, simply close this page. Nothing will happen.
mailed-secure-dead = If you think that somebody has access to your account, set a new password. That signs everybody out.
mailed-approve-title = Approve an e-mail address
    .phone = Approve a phone number
mailed-approve-intro = Somebody who is signed in to your account wants to add this address to it:
    .phone = Somebody who is signed in to your account wants to add this phone number to it:
mailed-approve-what = If that is you, press the button; we then send a mail to the new address.
    .phone = If that is you, press the button; we then text a code to the number.
mailed-approve-button = Approve this address
    .phone = Approve this number
mailed-add-title = Confirm your new address
mailed-add-intro = One more press of the button, and this address belongs to your account:

# Choosing an organization.
choose-title = Choose an organization
choose-lost = You have no access at the moment to the organization that you were in. Its administrators know more.
choose-intro = Which one do you want to work in? You can switch at any time.
choose-current = Current
choose-none = You do not belong to any organization yet. Ask an administrator to add you.
choose-other = Not you?
choose-sign-in = Sign in as somebody else
choose-left = You have left the organization.
choose-deleted = The organization is deleted. You can restore it below for 30 days.
choose-restored = The organization is back. You can enter it again.
choose-deleted-title = Deleted organizations
choose-deleted-intro = They are yours, and you can still restore them.
choose-restore = Restore
choose-restore-named = Restore { $organization }

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

account-back = Back to your account
account-save = Save
account-profile-title = Profile
account-profile-about = Name, language, how to reach you
account-profile-language = Language
account-profile-language-browser = As in your browser
account-profile-zone = Time zone (optional)
account-profile-zone-hint = Such as Europe/Vienna.
account-profile-contact = Contact (optional)
account-profile-contact-hint = A phone number or another way to reach you.
account-profile-picture = Picture (optional)
account-profile-picture-hint = The address of a picture, beginning with https.
notice-profile-changed = Your profile is saved.
account-password-title = Password
account-password-about = Change it
account-password-present = Present password
account-password-keep = Stay signed in on other devices
account-password-keep-hint = Leave this off if somebody else might know the password.
account-password-button = Change password
account-password-forgotten = Forgotten?
notice-password-changed = Your password is changed.
account-emails-title = E-mail addresses
    .either = Addresses and phone numbers
    .phone = Phone numbers
account-emails-about = Add, remove, choose the primary one
account-emails-yours = Your addresses
    .either = Yours
    .phone = Your numbers
account-emails-primary = Primary
account-emails-verified = Confirmed. You can sign in with it.
account-emails-waiting = Waits to be confirmed: open the link in the mail that we sent there.
    .either = Waits to be confirmed by the message that we sent there.
    .phone = Waits to be confirmed: enter the code from the text that we sent there.
account-emails-waiting-approval = Waits to be confirmed: first by the mail to your primary address, then by the mail to this one.
account-emails-undeliverable = Mails to this address come back. Please replace it.
account-emails-make-primary = Make primary
account-emails-make-primary-named = Make { $email } the primary address
    .either = Make { $email } the primary one
    .phone = Make { $email } the primary number
account-emails-remove = Remove
account-emails-remove-named = Remove { $email }
account-emails-code = Confirm by code
account-emails-code-intro = The mail to the new address has a link and a code. Open the link, or enter the code here.
    .either = Enter the code from the message that we sent there.
    .phone = Enter the code from the text that we sent there.
account-emails-add = Add an address
    .either = Add an address or a number
    .phone = Add a number
account-emails-add-intro = We ask for your approval at the present primary address first, then we write to the new one. Until it is confirmed, nothing changes.
    .either = If you have an e-mail address, we ask for your approval there first; then we write to the new address or number. Until it is confirmed, nothing changes.
    .phone = We text a code to the new number. Until it is confirmed, nothing changes.
account-emails-add-direct = We write to the new address. Until it is confirmed, nothing changes.
    .either = We write to the new address or number. Until it is confirmed, nothing changes.
    .phone = We text a code to the new number. Until it is confirmed, nothing changes.
account-emails-replace = It replaces my primary address
    .either = It replaces my primary one of its kind
    .phone = It replaces my primary number
account-emails-replace-hint = The present primary address is removed once the new one is confirmed. It gets a mail by which this can be undone for 7 days.
    .either = The present primary one is removed once the new one is confirmed.
    .phone = The present primary number is removed once the new one is confirmed.
account-emails-add-button = Add address
    .either = Add
    .phone = Add number
account-emails-confirm-first = Confirm that it is you
emails-asked = We have sent a mail to the new address. Open the link in it, or enter its code here.
    .either = We have sent a message to the new address or number. Enter its code here.
    .phone = We have sent a text to the new number. Enter its code here.
emails-asked-approval = We have sent a mail to your primary address. Open the link in it to approve the new one.
    .either = We have sent a message. Where it went to your primary address, open the link in it to approve the new one; where it went to the new one, enter its code here.
    .phone = We have sent a text to the new number. Enter its code here.
emails-approved = Approved. Now we have sent a mail to the new address: open the link in it.
emails-added = The address is confirmed and belongs to your account now.
    .either = It is confirmed and belongs to your account now.
    .phone = The number is confirmed and belongs to your account now.
emails-removed = The address is removed.
    .either = It is removed.
    .phone = The number is removed.
emails-primary-changed = This is your primary address now. The former one was told.
    .either = This is your primary one now.
    .phone = This is your primary number now.

# The organization that one works in.
account-organization-about = Members, roles, what has happened
organization-about = About
organization-name = Name of the organization
organization-slug = Short name
organization-slug-hint = Stands in addresses: 2 to 48 letters, digits and hyphens. Old addresses stop working when you change it.
organization-your-roles = Your roles
organization-members = Members
organization-seats = { $members } of { $seats } seats
organization-switch = Switch organization
organization-switch-about = Work in another one
organization-change = Change
organization-changed = The organization is saved.
organization-transfer = Hand over
organization-transfer-intro = Somebody else becomes an owner and answers for the organization. You stay as an administrator.
organization-transfer-nobody = There is nobody else yet. Add a member first.
organization-heir = New owner
organization-heir-named = { $name }, { $email }
organization-heir-none = Please choose
organization-transfer-button = Hand the organization over
organization-transferred = The organization is handed over. You are an administrator now.
organization-leave = Leave
organization-leave-intro = You lose access at once. Somebody who adds members can add you again.
organization-leave-last = You are the only owner. Hand the organization over before you leave, or delete it.
organization-leave-ask = I want to leave
organization-leave-button = Leave this organization
organization-delete = Delete
organization-delete-intro = Nobody can enter the organization any more. An owner can restore it for 30 days; after that it is gone.
organization-delete-ask = I want to delete it
organization-delete-button = Delete this organization
organization-delete-confirm = Confirm that it is you, to delete the organization
organization-back = Back to the organization

# Lists.
list-search = Search
list-filter = Show
list-everything = Show everything
list-first = To the beginning
list-next = Next page

# Members of an organization.
members-title = Members
members-about = Who they are and what they may do
members-about-manage = Add, change and remove
members-search = Address begins with
members-status = Status
members-every = All
members-active = Active
members-suspended = Suspended
members-you = You
members-nobody = There is nobody here.
members-roles = Roles
members-add = Add a member
members-add-intro = Whoever has an account with this address becomes a member at once and is told by mail.
members-add-button = Add member
members-asked = If there is an account with this address, it is a member in a moment and was told by mail.
members-removed = That person is a member no more. They had access until this moment.
members-back = Back to the members
member-about = About
member-since = Member since
member-barred = Account closed
member-rights = Rights
member-rights-intro = What each role gives. Together they decide what this person may do here.
member-beyond = This person has rights that you do not have yourself, so you cannot change this membership.
member-roles = Change roles
member-roles-intro = The change counts at this person’s next click.
member-roles-changed = The roles are saved. They count from the next click on.
member-end = Access
member-suspend-intro = Suspended members keep their place and their roles, but have no access.
member-suspend = Suspend
member-suspended = This membership is suspended.
member-reactivate-intro = This person has no access at the moment. Their roles are kept.
member-reactivate = Reactivate
member-reactivated = This membership is in force again.
member-remove-ask = Remove from the organization
member-remove-intro = Access ends at once. You can add this person again later.
member-remove = Remove member
member-you-leave = Leave the organization

# Roles and rights.
roles-title = Roles
roles-about = What each role gives
roles-about-manage = What each role gives, and roles of your own
roles-intro = A member may do what their roles give together.
roles-own = Your own
roles-none = No role
roles-nothing = Nothing in particular
roles-new = New role
roles-change = Change
roles-change-named = Change { $role }
roles-back = Back to the roles
role-about = What it gives
role-intro = A change counts at the next click of everybody who has this role.
role-name = Name of the role
role-rights = Rights
role-saved = The role is saved.
role-remove = Remove
role-remove-intro = Whoever has this role loses what it gives and keeps their other roles.
role-remove-ask = I want to remove this role
role-remove-button = Remove role
role-removed = The role is removed.
role-beyond = This role gives rights that you do not have yourself, so you cannot change it.
role-owner = Owner
role-admin = Administrator
role-member = Member
permission-all = Everything but what only owners may
permission-all-of = Everything about “{ $resource }”
permission-organization-own = Hand the organization over and delete it
permission-organization-manage = Change name and settings of the organization
permission-organization-policy = Decide how members must sign in
permission-member-read = See members and roles
permission-member-add = Add members
permission-member-manage = Change and remove members
permission-role-manage = Make and change roles
permission-audit-read = Read the audit log

# The audit log.
audit-title = Audit log
audit-about = Who did what, and when
audit-kind = What
audit-every-kind = Everything
audit-user = Who
audit-everybody = Everybody
audit-by = By
audit-to = to
audit-from = from
audit-from-to = from { $from } to { $to }
audit-number = No. { $number }
audit-suspended = Membership suspended
audit-reactivated = Membership reactivated
audit-settings = settings
audit-role-gone = { $role } (removed)
audit-nobody = By nobody who was signed in
audit-system = the application ({ $reason })
audit-at = { $date }, { $time } UTC
audit-nothing = Nothing has happened that fits.
audit-first = To the newest
audit-next = Older ones
audit-check = Check the log
audit-check-intro = Every entry is sealed into a chain. The check follows it from the first entry to the last and shows whether somebody has touched it.
audit-check-button = Check the log
audit-export = Download
audit-export-intro = What is chosen above, from this page on, as lines of JSON: up to 10,000 entries. The download is noted in the log.
audit-export-button = Download
audit-whole = The log is whole
audit-whole-what =
    { $count ->
        [one] One entry was checked. It is as it was written.
       *[other] { $count } entries were checked. Each is as it was written, in its place.
    }
audit-whole-why = Nobody has changed, removed, moved or inserted anything.
audit-broken = The log is not whole
audit-broken-place = Place in the log
audit-broken-event = Entry
audit-broken-what = Please tell whoever runs this application. What stands before this place is as it was written.
audit-fault-altered = An entry was changed, or was not written by the application.
audit-fault-missing = An entry is missing.
audit-fault-misplaced = An entry does not belong where it stands.
audit-fault-cut-off = The end of the log is missing.
audit-fault-unknown-key = An entry was sealed with a key that is not known here.
audit-back = Back to the audit log

# The name of this language, in itself.
language-name = English

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

api-keys-title = API keys
api-keys-about = For programs that act for you
api-keys-organization-about = For programs of the organization
api-keys-yours = Your keys
api-keys-intro = A program that sends one of these keys acts for you in your organization, with the rights that you tick and have yourself.
api-keys-organization-intro = A program that sends one of these keys acts for the organization, also when whoever made it has gone. Keys of members are listed, too.
api-keys-none = There are no keys.
api-keys-older = Older ones
api-keys-new = Make a key
api-key-name = Name of the key
api-key-name-hint = Such as the program that uses it, so that you recognize it later.
api-key-rights = What it may do
api-key-no-rights = You act in no organization, so this key says who calls and may do nothing.
api-key-nothing = Says who calls, and may do nothing
api-key-days = Days that it is valid for (empty: as usual)
api-key-make = Make key
api-key-made = Your new key
api-key-made-intro = Copy it now and keep it where the program finds it: it is shown only this once. Whoever has it can act by it.
api-key-secret = Key
api-key-used = used { $ago }
api-key-used-now = used just now
api-key-unused = not used yet
api-key-ends = { $days ->
    [one] valid for { $days } more day
   *[other] valid for { $days } more days
}
api-key-endless = valid until it is ended
api-key-over = ended
api-key-of-member = of { $name }
api-key-end = End
api-key-end-named = End the key { $name }
api-key-ended = The key is ended. Programs that use it are refused from now on.
permission-api-key-manage = Make and end API keys

# Several accounts.
choose-account-title = Choose an account
choose-account-intro = These accounts are signed in in this browser.
choose-account-active = active
choose-account-add = Sign in with another account
choose-account-link = Accounts in this browser
