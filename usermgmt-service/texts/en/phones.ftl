# Texts to phones. `$product` is there in every text, `$code` in those that carry one.

text-verify-email = { $code } is your code to confirm this number for { $product }. If you did not ask for it, ignore this text.
text-add-email = { $code } is your code to add this number to your account with { $product }. If you did not ask for it, ignore this text.
text-sign-in = { $code } is your code to sign in to { $product }. Tell it to nobody: no honest person will ask you for it.
text-reset-password = { $code } is your code to set a new password for { $product }. Tell it to nobody: no honest person will ask you for it.
text-second-factor-code = { $code } is your second code to sign in to { $product }. Tell it to nobody: no honest person will ask you for it.

# Mails and texts about phone numbers.
mail-phone-added =
    .subject = A phone number was added to your account with { $product }
    .intro = A phone number can now be used to sign in to your account. If it was you, there is nothing to do.
    .button = This was not me
    .undo = If it was not you, use the link above within 7 days: it removes the number, signs everybody out and lets you set a new password.

mail-phone-removed =
    .subject = A phone number was removed from your account with { $product }
    .intro = A phone number was removed from your account. It can no longer be used to sign in. If it was you, there is nothing to do.
    .button = This was not me
    .undo = If it was not you, use the link above within 7 days: it signs everybody out and lets you set a new password.

mail-phone-taken =
    .subject = This phone number belongs to your account with { $product }
    .intro = Somebody wanted to add your phone number to another account. It belongs to yours, so nothing was done.
    .button = Sign in
    .note = If you have two accounts, remove the number from this one first.
