# Mails.

mail-greeting = Hello { $name },
mail-farewell = { $product }
mail-report-incident = Report something that looks wrong:
mail-security-tips = How to keep your account safe:
mail-unexpected = If you did not ask for this, you can ignore this mail; nothing will happen.

mail-verify-email =
    .subject = Confirm your e-mail address for { $product }
    .intro = To confirm your e-mail address, open this link and press the button there:
    .button = Confirm my e-mail address
    .code = Or enter this code where you signed up:
    .expiry = The link works for 24 hours, the code for 10 minutes, each once.

mail-already-registered =
    .subject = You already have an account with { $product }
    .intro = Somebody, probably you, wanted to sign up with this address or to confirm it. It already belongs to your account, so there is nothing to confirm. You can sign in here:
    .button = Sign in
    .note = If it was not you, you need not do anything; your account is unchanged.

mail-reset-password =
    .subject = Set a new password for { $product }
    .intro = To set a new password, open this link and enter the password you want there:
    .button = Set a new password
    .code = Or enter this code in the browser where you asked for it:
    .expiry = The link works for 30 minutes, the code for 10 minutes, each once.

mail-password-changed =
    .subject = Your password for { $product } was changed
    .intro = The password of your account was changed just now. If it was you, there is nothing to do.
    .button = This was not me
    .undo = If it was not you, use the link above within 7 days: it signs everybody out, voids the password and lets you set a new one.

mail-session-stolen =
    .subject = One of your sessions with { $product } was ended
    .intro = A key of one of your signed-in devices was used a second time, from a place where it should not be known. We have ended that session, and you may have to sign in again there. If you have restored a device from a backup, that may be the reason.
    .button = Secure my account
    .undo = If you do not know the reason, use the link above within 7 days: it signs everybody out, voids the password and lets you set a new one.

mail-new-device =
    .subject = A new device for your account with { $product }
    .intro = Somebody has just signed in to your account on a device or in a browser that we do not know. If it was you, there is nothing to do.
    .button = This was not me
    .undo = If it was not you, use the link above within 7 days: it signs everybody out, voids the password and lets you set a new one.

mail-new-country =
    .subject = A sign-in to { $product } from another country
    .intro = Somebody has just signed in to your account from a country from which you have not signed in before. If it was you, there is nothing to do.
    .button = This was not me
    .undo = If it was not you, use the link above within 7 days: it signs everybody out, voids the password and lets you set a new one.

mail-api-key-made =
    .subject = A new API key for your account with { $product }
    .intro = An API key was made just now, by which a program can act for you. If it was you, there is nothing to do.
    .button = This was not me
    .undo = If it was not you, use the link above within 7 days: it ends all your API keys, signs everybody out, voids the password and lets you set a new one.

mail-support-reset =
    .subject = Support is setting a new password for your account with { $product }
    .intro = Our support was asked to help you back into your account. After a waiting time we will send a mail by which a new password can be set. If you asked for this, there is nothing to do.
    .button = This was not me
    .undo = If it was not you, use the link above: it stops this, signs everybody out and lets you set a new password yourself.

mail-account-locked =
    .subject = Somebody is guessing your password for { $product }
    .intro = So many wrong passwords were entered for your account that signing in from unknown devices has to wait until tomorrow. Nobody got in, and devices on which you have signed in before still work. You can also come in by setting a new password:
    .button = Set a new password
    .note = If you used this password anywhere else, change it there too.

mail-approve-email =
    .subject = May { $about } be added to your account with { $product }?
    .intro = Somebody who is signed in to your account, probably you, wants to add the address { $about } to it. If that is right, open this link and press the button there:
    .button = Look at it
    .note = If it was not you, do not press the button, and change your password: somebody is signed in to your account.

mail-add-email =
    .subject = Confirm this e-mail address for your account with { $product }
    .intro = To add this e-mail address to your account, open this link and press the button there:
    .button = Confirm this e-mail address
    .code = Or enter this code where you asked for it:
    .expiry = The link works for 24 hours, the code for 10 minutes, each once.

mail-email-taken =
    .subject = This e-mail address belongs to your account with { $product }
    .intro = Somebody wanted to add this e-mail address to another account. It belongs to yours, so nothing was done.
    .button = Sign in
    .note = If you have two accounts, remove the address from this one first.

mail-email-added =
    .subject = An e-mail address was added to your account with { $product }
    .intro = Another e-mail address can now be used to sign in to your account. If it was you, there is nothing to do.
    .button = This was not me
    .undo = If it was not you, use the link above within 7 days: it removes the address, signs everybody out and lets you set a new password.

mail-email-removed =
    .subject = An e-mail address was removed from your account with { $product }
    .intro = An e-mail address was removed from your account. It can no longer be used to sign in. If it was you, there is nothing to do.
    .button = This was not me
    .undo = If it was not you, use the link above within 7 days: it signs everybody out and lets you set a new password.

mail-primary-email-changed =
    .subject = Your account with { $product } has another e-mail address
    .intro = Another e-mail address is now the primary one of your account: mails go there. If it was you, there is nothing to do.
    .button = This was not me
    .undo = If it was not you, use the link above within 7 days: it makes this address the primary one again, signs everybody out and lets you set a new password.

mail-member-added =
    .subject = You are a member of { $about } now
    .intro = Somebody has made you a member of the organization “{ $about }” in { $product }. You can sign in here:
    .button = Sign in
    .note = If you do not know this organization, you can leave it on the page of your account.

mail-factor-added =
    .subject = A second factor protects your account with { $product } now
    .intro = An authenticator app was set up for your account just now. If it was you, there is nothing to do.
    .button = This was not me
    .undo = If it was not you, use the link above within 7 days: it removes that app, signs everybody out, voids the password and lets you set a new one.

mail-factor-removed =
    .subject = A second factor of your account with { $product } was removed
    .intro = A second factor of your account was removed just now. If it was you, there is nothing to do.
    .button = This was not me
    .undo = If it was not you, use the link above within 7 days: it signs everybody out, voids the password and lets you set a new one.

mail-recovery-codes-made =
    .subject = New recovery codes for your account with { $product }
    .intro = New recovery codes were made for your account just now; those of before do not work any more. If it was you, there is nothing to do.
    .button = This was not me
    .undo = If it was not you, use the link above within 7 days: it removes those codes, signs everybody out, voids the password and lets you set a new one.

mail-recovery-code-used =
    .subject = A recovery code of your account with { $product } was used
    .intro = One of your recovery codes was used just now in place of your authenticator app. If it was you, there is nothing to do but to make new codes when few are left.
    .button = This was not me
    .undo = If it was not you, use the link above within 7 days: it signs everybody out, voids the password and lets you set a new one.

mail-second-factor-guessed =
    .subject = Somebody knows your password for { $product }
    .intro = Somebody has entered your right password and then several wrong codes of your second factor. Nobody got in; codes have to wait for a while. If it was you, there is nothing to do. If not, your password is known to others:
    .button = This was not me
    .undo = The link above works for 7 days: it signs everybody out, voids the password and lets you set a new one.

mail-factor-reset-begun =
    .subject = Support is removing the second factor of your account with { $product }
    .intro = Our support was asked to remove the second factor of your account, because it was lost. After a waiting time we will send a mail by which it can be removed. If you asked for this, there is nothing to do.
    .button = This was not me
    .undo = If it was not you, use the link above: it stops this, signs everybody out and lets you set a new password.

mail-remove-factors =
    .subject = Remove the second factor of your account with { $product }
    .intro = The waiting time is over. Open this link to remove the second factor that you have lost; after that you sign in with your password.
    .button = Remove my second factor
    .expiry = The link works for 24 hours, once.

mail-factors-removed =
    .subject = The second factor of your account with { $product } was removed
    .intro = Authenticator app and recovery codes of your account were removed just now, by the link that our support has sent. If it was you, please set up a new app now.
    .button = This was not me
    .undo = If it was not you, use the link above within 7 days: it signs everybody out, voids the password and lets you set a new one.

mail-sign-in =
    .subject = Sign in to { $product }
    .intro = To sign in, open this link and press the button there:
    .intro-code = Here is the code by which you sign in.
    .button = Sign in
    .code = Or enter this code in the browser where you asked for it. Give it to nobody:
    .code-alone = Enter it in the browser where you asked for it, and give it to nobody:
    .expiry = This works for 10 minutes, and once.

mail-second-factor-code =
    .subject = Your code for { $product }
    .intro-code = Here is the code that stands beside your password.
    .code-alone = Enter it where you were asked for it, and give it to nobody:
    .expiry = It works for 10 minutes, and once.
    .note = If you are not signing in just now, somebody else knows your password: please set a new one.

mail-password-voided =
    .subject = A password for your account with { $product } was dropped
    .intro = Somebody had signed up with your address and chosen a password, before the address was confirmed. You have now signed in by mail in another browser, so that password is not valid any more.
    .button = Choose a password
    .note = If it was you, just choose one again. If it was not, there is nothing to do: nothing that was prepared for your address is left.

mail-forgotten-username =
    .subject = Your username with { $product }
    .intro = Somebody, probably you, asked by which name you sign in. It is: { $about }
    .button = Sign in
    .note = If it was not you, you need not do anything; your account is unchanged.

mail-username-changed =
    .subject = Your username with { $product } was changed
    .intro = The username of your account is now: { $about }. If it was you, there is nothing to do.
    .button = This was not me
    .undo = If it was not you, use the link above within 7 days: it brings the former name back, signs everybody out and lets you set a new password.
