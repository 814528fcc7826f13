# Signing in by mail. `$product` is there in every text.

magic-link-button = Mail me a sign-in link
    .either = Send me a sign-in link or code
    .phone = Text me a sign-in code
magic-link-button-code = Mail me a sign-in code
    .either = Send me a sign-in code
    .phone = Text me a sign-in code
magic-link-title = Sign in by mail
    .either = Sign in by a message
    .phone = Sign in by text
magic-link-intro = Tell us the e-mail address of your account. If there is one, we send a mail there by which you sign in.
    .either = Tell us the e-mail address or the phone number of your account. If there is one, we send a message there by which you sign in.
    .phone = Tell us the phone number of your account. If there is one, we text a code there by which you sign in.
magic-link-password = Rather with your password?
magic-link-wait-title = Sign in by mail
    .either = Sign in by a message
    .phone = Sign in by text
magic-link-wait = Open the link in the mail, or enter the code from it here. The code works only in the browser in which you asked for it.
magic-link-wait-link = Open the link in the mail and press the button there.
magic-link-wait-code = Enter the code from the mail here. It works only in the browser in which you asked for it.
    .either = Enter the code from the message here. It works only in the browser in which you asked for it.
    .phone = Enter the code from the text here. It works only in the browser in which you asked for it.
magic-link-code-hint = 8 digits. It works for 10 minutes.

# Behind the link.
magic-link-here-title = Sign in now
magic-link-here = One more press of the button, and you are signed in to the account of:
magic-link-elsewhere-title = Was it you who asked for this link?
magic-link-elsewhere = It was asked for in another browser:
magic-link-elsewhere-what = If that was you, press the button. You are then signed in here, in this browser, to the account of:
magic-link-elsewhere-button = It was me, sign me in here
magic-link-asked = asked for { $ago }
magic-link-asked-now = asked for just now
magic-link-bound-title = Open this link in the other browser
magic-link-bound = It works only in the browser in which it was asked for:
magic-link-again-known = If you want to sign in here, we send a new mail to the same address.
notice-secured-by-mail = Your account is safe again: everybody is signed out. You can sign in now.
magic-link-again = Send me a new mail

# A proof that a mail cannot give.
step-up-no-password = What comes next is sensitive, and a link or code from a mail is not enough for it. Your account has no password yet. We send you a mail by which you choose one; afterwards you sign in with it and can go on.
    .either = What comes next is sensitive, and a link or code from a message is not enough for it. Your account has no password yet. We send you a message by which you choose one; afterwards you sign in with it and can go on.
    .phone = What comes next is sensitive, and a code from a text is not enough for it. Your account has no password yet. We send you a text by which you choose one; afterwards you sign in with it and can go on.
step-up-mail-again = What comes next is sensitive, so please sign in once more: we send you a mail for that, and you come back here.
    .either = What comes next is sensitive, so please sign in once more: we send you a message for that, and you come back here.
    .phone = What comes next is sensitive, so please sign in once more: we send you a text for that, and you come back here.
step-up-by-mail = You signed in by mail, which is not enough here. If you have no password at hand, you can set a new one:
    .either = You signed in by a message, which is not enough here. If you have no password at hand, you can set a new one:
    .phone = You signed in by text, which is not enough here. If you have no password at hand, you can set a new one:

# In the audit log.
audit-user-sign-in-mail-requested = Sign-in by mail asked for
audit-user-unproven-password-voided = Password from the sign-up voided
