# Mails.

mail-greeting = Hello { $name },
mail-farewell = { $product }
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
