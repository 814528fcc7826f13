# E-Mails.

mail-greeting = Guten Tag { $name },
mail-farewell = { $product }
mail-report-incident = Etwas melden, das Ihnen verdächtig vorkommt:
mail-security-tips = So bleibt Ihr Konto sicher:
mail-unexpected = Wenn Sie das nicht angefordert haben, können Sie diese E-Mail ignorieren; es geschieht dann nichts.

mail-verify-email =
    .subject = Bestätigen Sie Ihre E-Mail-Adresse für { $product }
    .intro = Um Ihre E-Mail-Adresse zu bestätigen, öffnen Sie bitte diesen Link und klicken Sie dort auf die Schaltfläche:
    .button = E-Mail-Adresse bestätigen
    .code = Oder geben Sie diesen Bestätigungscode dort ein, wo Sie sich registriert haben:
    .expiry = Der Link gilt 24 Stunden, der Code 10 Minuten, beide einmal.

mail-already-registered =
    .subject = Sie haben bereits ein Konto bei { $product }
    .intro = Jemand, wahrscheinlich Sie selbst, wollte sich mit dieser Adresse registrieren oder sie bestätigen. Sie gehört bereits zu Ihrem Konto; es gibt also nichts zu bestätigen. Hier können Sie sich anmelden:
    .button = Anmelden
    .note = Wenn Sie das nicht waren, müssen Sie nichts tun; Ihr Konto ist unverändert.

mail-reset-password =
    .subject = Neues Passwort für { $product } festlegen
    .intro = Um ein neues Passwort festzulegen, öffnen Sie bitte diesen Link und geben Sie dort das gewünschte Passwort ein:
    .button = Neues Passwort festlegen
    .code = Oder geben Sie diesen Code in dem Browser ein, in dem Sie ihn angefordert haben:
    .expiry = Der Link gilt 30 Minuten, der Code 10 Minuten, beide einmal.

mail-password-changed =
    .subject = Ihr Passwort für { $product } wurde geändert
    .intro = Das Passwort Ihres Kontos wurde gerade geändert. Wenn Sie das waren, müssen Sie nichts tun.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie innerhalb von 7 Tagen den Link oben: Er meldet alle ab, macht das Passwort ungültig und lässt Sie ein neues festlegen.

mail-session-stolen =
    .subject = Eine Ihrer Sitzungen bei { $product } wurde beendet
    .intro = Ein Schlüssel eines Ihrer angemeldeten Geräte wurde ein zweites Mal verwendet, von einem Ort, an dem er nicht bekannt sein sollte. Wir haben diese Sitzung beendet; vielleicht müssen Sie sich dort neu anmelden. Wenn Sie ein Gerät aus einer Sicherung wiederhergestellt haben, kann das der Grund sein.
    .button = Mein Konto absichern
    .undo = Wenn Sie den Grund nicht kennen, nutzen Sie innerhalb von 7 Tagen den Link oben: Er meldet alle ab, macht das Passwort ungültig und lässt Sie ein neues setzen.

mail-new-device =
    .subject = Ein neues Gerät für Ihr Konto bei { $product }
    .intro = Gerade hat sich jemand auf einem Gerät oder in einem Browser, den wir nicht kennen, bei Ihrem Konto angemeldet. Wenn Sie das waren, müssen Sie nichts tun.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie innerhalb von 7 Tagen den Link oben: Er meldet alle ab, macht das Passwort ungültig und lässt Sie ein neues festlegen.

mail-new-country =
    .subject = Eine Anmeldung bei { $product } aus einem anderen Land
    .intro = Gerade hat sich jemand aus einem Land, aus dem Sie sich noch nie angemeldet haben, bei Ihrem Konto angemeldet. Wenn Sie das waren, müssen Sie nichts tun.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie innerhalb von 7 Tagen den Link oben: Er meldet alle ab, macht das Passwort ungültig und lässt Sie ein neues festlegen.

mail-api-key-made =
    .subject = Ein neuer API-Schlüssel für Ihr Konto bei { $product }
    .intro = Gerade wurde ein API-Schlüssel angelegt, mit dem ein Programm für Sie handeln kann. Wenn Sie das waren, müssen Sie nichts tun.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie innerhalb von 7 Tagen den Link oben: Er beendet alle Ihre API-Schlüssel, meldet alle ab, macht das Passwort ungültig und lässt Sie ein neues festlegen.

mail-support-reset =
    .subject = Der Support legt ein neues Passwort für Ihr Konto bei { $product } fest
    .intro = Unser Support wurde gebeten, Ihnen wieder Zugang zu Ihrem Konto zu verschaffen. Nach einer Wartezeit senden wir eine E-Mail, mit der ein neues Passwort festgelegt werden kann. Wenn Sie darum gebeten haben, müssen Sie nichts tun.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie den Link oben: Er hält den Vorgang an, meldet alle ab und lässt Sie selbst ein neues Passwort festlegen.

mail-account-locked =
    .subject = Jemand versucht, Ihr Passwort für { $product } zu erraten
    .intro = Für Ihr Konto wurden so viele falsche Passwörter eingegeben, dass Anmeldungen von unbekannten Geräten bis morgen warten müssen. Niemand ist hineingekommen, und Geräte, auf denen Sie sich schon einmal angemeldet haben, funktionieren weiter. Sie können sich auch anmelden, nachdem Sie ein neues Passwort festgelegt haben:
    .button = Neues Passwort festlegen
    .note = Wenn Sie dieses Passwort noch anderswo benutzen, ändern Sie es bitte auch dort.

mail-approve-email =
    .subject = Darf { $about } zu Ihrem Konto bei { $product } hinzugefügt werden?
    .intro = Jemand, der in Ihrem Konto angemeldet ist, wahrscheinlich Sie selbst, möchte die Adresse { $about } hinzufügen. Wenn das richtig ist, öffnen Sie bitte diesen Link und klicken Sie dort auf die Schaltfläche:
    .button = Ansehen
    .note = Wenn Sie das nicht waren, klicken Sie nicht auf die Schaltfläche und ändern Sie Ihr Passwort: Jemand ist in Ihrem Konto angemeldet.

mail-add-email =
    .subject = Bestätigen Sie diese E-Mail-Adresse für Ihr Konto bei { $product }
    .intro = Um diese E-Mail-Adresse zu Ihrem Konto hinzuzufügen, öffnen Sie bitte diesen Link und klicken Sie dort auf die Schaltfläche:
    .button = Diese E-Mail-Adresse bestätigen
    .code = Oder geben Sie diesen Bestätigungscode dort ein, wo Sie ihn angefordert haben:
    .expiry = Der Link gilt 24 Stunden, der Code 10 Minuten, beide einmal.

mail-email-taken =
    .subject = Diese E-Mail-Adresse gehört zu Ihrem Konto bei { $product }
    .intro = Jemand wollte diese E-Mail-Adresse zu einem anderen Konto hinzufügen. Sie gehört zu Ihrem, deshalb ist nichts geschehen.
    .button = Anmelden
    .note = Wenn Sie zwei Konten haben, entfernen Sie die Adresse bitte zuerst aus diesem.

mail-email-added =
    .subject = Zu Ihrem Konto bei { $product } wurde eine E-Mail-Adresse hinzugefügt
    .intro = Mit einer weiteren E-Mail-Adresse kann man sich jetzt in Ihrem Konto anmelden. Wenn Sie das waren, müssen Sie nichts tun.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie innerhalb von 7 Tagen den Link oben: Er entfernt die Adresse, meldet alle ab und lässt Sie ein neues Passwort festlegen.

mail-email-removed =
    .subject = Aus Ihrem Konto bei { $product } wurde eine E-Mail-Adresse entfernt
    .intro = Eine E-Mail-Adresse wurde aus Ihrem Konto entfernt. Mit ihr kann man sich nicht mehr anmelden. Wenn Sie das waren, müssen Sie nichts tun.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie innerhalb von 7 Tagen den Link oben: Er meldet alle ab und lässt Sie ein neues Passwort festlegen.

mail-primary-email-changed =
    .subject = Ihr Konto bei { $product } hat eine andere E-Mail-Adresse
    .intro = Die Hauptadresse Ihres Kontos ist jetzt eine andere E-Mail-Adresse: Unsere E-Mails gehen dorthin. Wenn Sie das waren, müssen Sie nichts tun.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie innerhalb von 7 Tagen den Link oben: Er macht diese Adresse wieder zur Hauptadresse, meldet alle ab und lässt Sie ein neues Passwort festlegen.

mail-member-added =
    .subject = Sie gehören jetzt zu { $about }
    .intro = Jemand hat Sie in { $product } zum Mitglied der Organisation „{ $about }“ gemacht. Hier können Sie sich anmelden:
    .button = Anmelden
    .note = Wenn Sie diese Organisation nicht kennen, können Sie sie auf der Seite Ihres Kontos verlassen.

mail-factor-added =
    .subject = Ein zweiter Faktor schützt jetzt Ihr Konto bei { $product }
    .intro = Gerade wurde für Ihr Konto eine Authenticator-App eingerichtet. Wenn Sie das waren, müssen Sie nichts tun.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie innerhalb von 7 Tagen den Link oben: Er entfernt diese App, meldet alle ab, macht das Passwort ungültig und lässt Sie ein neues festlegen.

mail-factor-removed =
    .subject = Ein zweiter Faktor Ihres Kontos bei { $product } wurde entfernt
    .intro = Gerade wurde ein zweiter Faktor Ihres Kontos entfernt. Wenn Sie das waren, müssen Sie nichts tun.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie innerhalb von 7 Tagen den Link oben: Er meldet alle ab, macht das Passwort ungültig und lässt Sie ein neues festlegen.

mail-recovery-codes-made =
    .subject = Neue Wiederherstellungscodes für Ihr Konto bei { $product }
    .intro = Gerade wurden für Ihr Konto neue Wiederherstellungscodes angelegt; die bisherigen gelten nicht mehr. Wenn Sie das waren, müssen Sie nichts tun.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie innerhalb von 7 Tagen den Link oben: Er entfernt diese Codes, meldet alle ab, macht das Passwort ungültig und lässt Sie ein neues festlegen.

mail-recovery-code-used =
    .subject = Ein Wiederherstellungscode Ihres Kontos bei { $product } wurde benutzt
    .intro = Gerade wurde einer Ihrer Wiederherstellungscodes anstelle Ihrer Authenticator-App benutzt. Wenn Sie das waren, müssen Sie nichts tun, außer neue Codes anzulegen, wenn nur noch wenige übrig sind.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie innerhalb von 7 Tagen den Link oben: Er meldet alle ab, macht das Passwort ungültig und lässt Sie ein neues festlegen.

mail-second-factor-guessed =
    .subject = Jemand kennt Ihr Passwort für { $product }
    .intro = Jemand hat Ihr richtiges Passwort eingegeben und danach mehrere falsche Codes Ihres zweiten Faktors. Niemand ist hineingekommen; Codes müssen eine Weile warten. Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, kennen andere Ihr Passwort:
    .button = Das war ich nicht
    .undo = Der Link oben gilt 7 Tage: Er meldet alle ab, macht das Passwort ungültig und lässt Sie ein neues festlegen.

mail-factor-reset-begun =
    .subject = Der Support entfernt den zweiten Faktor Ihres Kontos bei { $product }
    .intro = Unser Support wurde gebeten, den zweiten Faktor Ihres Kontos zu entfernen, weil er verloren ging. Nach einer Wartezeit senden wir eine E-Mail, mit der er entfernt werden kann. Wenn Sie darum gebeten haben, müssen Sie nichts tun.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie den Link oben: Er hält das an, meldet alle ab und lässt Sie ein neues Passwort festlegen.

mail-remove-factors =
    .subject = Entfernen Sie den zweiten Faktor Ihres Kontos bei { $product }
    .intro = Die Wartezeit ist vorbei. Öffnen Sie diesen Link, um den verlorenen zweiten Faktor zu entfernen; danach melden Sie sich mit Ihrem Passwort an.
    .button = Meinen zweiten Faktor entfernen
    .expiry = Der Link gilt 24 Stunden, einmal.

mail-factors-removed =
    .subject = Der zweite Faktor Ihres Kontos bei { $product } wurde entfernt
    .intro = Authenticator-App und Wiederherstellungscodes Ihres Kontos wurden gerade über den Link entfernt, den unser Support gesendet hat. Wenn Sie das waren, richten Sie bitte jetzt eine neue App ein.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie innerhalb von 7 Tagen den Link oben: Er meldet alle ab, macht das Passwort ungültig und lässt Sie ein neues festlegen.

mail-sign-in =
    .subject = Anmelden bei { $product }
    .intro = Um sich anzumelden, öffnen Sie diesen Link und drücken Sie dort den Knopf:
    .intro-code = Hier ist der Code, mit dem Sie sich anmelden.
    .button = Anmelden
    .code = Oder geben Sie diesen Code in dem Browser ein, in dem Sie ihn angefordert haben. Verraten Sie ihn niemandem:
    .code-alone = Geben Sie ihn in dem Browser ein, in dem Sie ihn angefordert haben, und verraten Sie ihn niemandem:
    .expiry = Das gilt 10 Minuten lang und nur einmal.

mail-second-factor-code =
    .subject = Ihr Code für { $product }
    .intro-code = Hier ist der Code, der neben Ihrem Passwort steht.
    .code-alone = Geben Sie ihn dort ein, wo danach gefragt wurde, und verraten Sie ihn niemandem:
    .expiry = Er gilt 10 Minuten lang und nur einmal.
    .note = Wenn Sie sich nicht gerade anmelden, kennt jemand anderes Ihr Passwort: Bitte legen Sie ein neues fest.

mail-password-voided =
    .subject = Ein Passwort für Ihr Konto bei { $product } wurde verworfen
    .intro = Jemand hatte sich mit Ihrer Adresse registriert und ein Passwort gewählt, bevor die Adresse bestätigt war. Sie haben sich jetzt in einem anderen Browser per E-Mail angemeldet, deshalb gilt dieses Passwort nicht mehr.
    .button = Passwort wählen
    .note = Wenn Sie das waren, wählen Sie einfach wieder eines. Wenn nicht, müssen Sie nichts tun: Von dem, was für Ihre Adresse vorbereitet war, ist nichts geblieben.

mail-forgotten-username =
    .subject = Ihr Benutzername bei { $product }
    .intro = Jemand, wahrscheinlich Sie selbst, hat gefragt, mit welchem Namen Sie sich anmelden. Er lautet: { $about }
    .button = Anmelden
    .note = Wenn Sie das nicht waren, müssen Sie nichts tun; Ihr Konto ist unverändert.

mail-username-changed =
    .subject = Ihr Benutzername bei { $product } wurde geändert
    .intro = Der Benutzername Ihres Kontos lautet jetzt: { $about }. Wenn Sie das waren, müssen Sie nichts tun.
    .button = Das war ich nicht
    .undo = Wenn Sie das nicht waren, benutzen Sie innerhalb von 7 Tagen den Link oben: Er bringt den früheren Namen zurück, meldet alle ab und lässt Sie ein neues Passwort festlegen.
