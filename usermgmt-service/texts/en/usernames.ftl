# Usernames. `$product` is there in every text.

username = Username
username-optional = Username (optional)
username-hint = 3 to 32 letters, digits and . _ - within. Others can see it.
username-free = These are free: { $names }
sign-in-name = E-mail address or username
    .either = E-mail address, phone number or username
    .phone = Phone number or username
sign-in-forgot-username = Forgot your username?
forgot-username-title = Forgotten username
forgot-username-intro = Tell us the e-mail address of your account. If there is one, we send a mail there that says by which name you sign in.
notice-username-sent = If there is an account with this address, a mail that names its username is on its way.
account-username-title = Username
account-username-about = The name by which others know you, and by which you can sign in
account-username-present = Your username is
account-username-none = You have no username yet. With one you can sign in without typing your address.
account-username-new = New username
account-username-button = Use this name
account-username-former = Your former names stay with your account for a while: nobody else gets them, and you can still sign in by them.
account-username-missing = Please choose a username.
notice-username-changed = This is your username from now on.

# In the audit log.
audit-user-username-requested = Username asked for by mail
audit-user-username-set = Username chosen
audit-user-username-removed = Username removed
