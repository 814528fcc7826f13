# SMS. `$product` steht in jedem Text, `$code` in denen, die einen tragen.

text-verify-email = { $code } ist Ihr Code, um diese Nummer für { $product } zu bestätigen. Haben Sie ihn nicht angefordert, ignorieren Sie bitte diese SMS.
text-add-email = { $code } ist Ihr Code, um diese Nummer zu Ihrem Konto bei { $product } hinzuzufügen. Haben Sie ihn nicht angefordert, ignorieren Sie bitte diese SMS.
text-sign-in = { $code } ist Ihr Code, um sich bei { $product } anzumelden. Sagen Sie ihn niemandem: Niemand Ehrliches wird Sie danach fragen.
text-reset-password = { $code } ist Ihr Code, um ein neues Passwort für { $product } festzulegen. Sagen Sie ihn niemandem: Niemand Ehrliches wird Sie danach fragen.
text-second-factor-code = { $code } ist Ihr zweiter Code, um sich bei { $product } anzumelden. Sagen Sie ihn niemandem: Niemand Ehrliches wird Sie danach fragen.

# E-Mails und SMS über Telefonnummern.
mail-phone-added =
    .subject = Zu Ihrem Konto bei { $product } wurde eine Telefonnummer hinzugefügt
    .intro = Mit einer weiteren Telefonnummer kann man sich jetzt in Ihrem Konto anmelden. Wenn Sie das waren, müssen Sie nichts tun.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie innerhalb von 7 Tagen den Link oben: Er entfernt die Nummer, meldet alle ab und lässt Sie ein neues Passwort festlegen.

mail-phone-removed =
    .subject = Aus Ihrem Konto bei { $product } wurde eine Telefonnummer entfernt
    .intro = Eine Telefonnummer wurde aus Ihrem Konto entfernt. Mit ihr kann man sich nicht mehr anmelden. Wenn Sie das waren, müssen Sie nichts tun.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie innerhalb von 7 Tagen den Link oben: Er meldet alle ab und lässt Sie ein neues Passwort festlegen.

mail-phone-taken =
    .subject = Diese Telefonnummer gehört zu Ihrem Konto bei { $product }
    .intro = Jemand wollte Ihre Telefonnummer zu einem anderen Konto hinzufügen. Sie gehört zu Ihrem, deshalb ist nichts geschehen.
    .button = Anmelden
    .note = Wenn Sie zwei Konten haben, entfernen Sie die Nummer bitte zuerst aus diesem.
