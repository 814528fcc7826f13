# Was schiefging, nach Code, wie ein Mensch es liest: was geschehen ist und was zu tun ist.

unauthenticated = Sie sind nicht angemeldet. Bitte melden Sie sich an und versuchen Sie es noch einmal.
invalid-credentials = Diese E-Mail-Adresse und dieses Passwort gehören nicht zusammen. Bitte prüfen Sie beides und versuchen Sie es noch einmal.
    .either = Dieser Name und dieses Passwort gehören nicht zusammen. Bitte prüfen Sie beides und versuchen Sie es noch einmal.
    .phone = Diese Telefonnummer und dieses Passwort gehören nicht zusammen. Bitte prüfen Sie beides und versuchen Sie es noch einmal.
account-unavailable = Dieses Konto kann nicht benutzt werden. Bitte wenden Sie sich an den Support.
too-many-attempts = Zu viele Versuche. Bitte versuchen Sie es { $when } noch einmal.
bot-check-required = Damit Programme draußen bleiben, prüfen wir, ob Sie ein Mensch sind. Bitte senden Sie das Formular noch einmal ab: die Prüfung läuft von selbst.
bot-check-failed = Die Prüfung, ob Sie ein Mensch sind, war zu alt oder wurde schon verwendet. Bitte senden Sie das Formular noch einmal ab.
link-invalid = Dieser Link wurde bereits benutzt, durch einen neueren ersetzt oder ist abgelaufen.
other-browser = Dieser Link funktioniert nur in dem Browser, in dem Sie ihn angefordert haben. Bitte öffnen Sie ihn dort, oder fordern Sie hier einen neuen an.
code-invalid = Dieser Code ist falsch, wurde durch einen neueren ersetzt oder ist abgelaufen. Bitte sehen Sie in der letzten E-Mail nach oder fordern Sie einen neuen Code an.
    .either = Dieser Code ist falsch, wurde durch einen neueren ersetzt oder ist abgelaufen. Bitte sehen Sie in der neuesten Nachricht nach oder fordern Sie einen neuen Code an.
    .phone = Dieser Code ist falsch, wurde durch einen neueren ersetzt oder ist abgelaufen. Bitte sehen Sie in der neuesten SMS nach oder fordern Sie einen neuen Code an.
attempt-expired = Ihre Anmeldung hat zu lange gedauert oder wurde an anderer Stelle abgeschlossen. Bitte melden Sie sich noch einmal an.
step-up-required = Bitte bestätigen Sie, dass Sie es sind, um fortzufahren.
policy-unmet = Diese Organisation verlangt mehr als Ihre jetzige Anmeldung. Bitte melden Sie sich so an, wie sie es verlangt.
invalid-token = Dieser Zugang gilt nicht mehr. Bitte melden Sie sich neu an.
invalid-client = Unter diesem Namen und Geheimnis ist kein Dienst bekannt. Bitte prüfen Sie beides.
api-key-not-accepted = Das kann ein Programm nicht mit einem API-Schlüssel tun. Bitte melden Sie sich dazu an.
api-key-required = Das ist für Programme gedacht. Bitte senden Sie einen API-Schlüssel.
insufficient-scope = Dieser API-Schlüssel oder sein Inhaber hat nicht das Recht dazu. Bitte verwenden Sie einen anderen.
ambiguous-credentials = Diese Anfrage weist sich doppelt aus. Bitte senden Sie nur einen Nachweis.
permission-missing = Dazu haben Sie hier nicht das Recht. Bitte fragen Sie eine Administratorin oder einen Administrator Ihrer Organisation.
wrong-org = Sie arbeiten gerade in einer anderen Organisation. Bitte wechseln Sie zuerst zu dieser.
organization-required = Bitte wählen Sie zuerst eine Organisation.
not-found = Was Sie suchen, gibt es nicht, oder Sie dürfen es nicht sehen. Bitte prüfen Sie die Adresse.
authority-changed = Ihre Rechte haben sich inzwischen geändert. Bitte laden Sie die Seite neu.
rights-exceeded = Diese Rollen geben Rechte, die Sie selbst nicht haben. Bitte fragen Sie jemanden, der sie hat.
last-owner = Jemand muss für die Organisation verantwortlich sein. Bitte machen Sie zuerst jemand anderen zum Eigentümer.
already-member = Diese Person ist schon Mitglied. Bitte ändern Sie stattdessen die Rollen.
second-factor-required = Dieses Konto ist durch einen zweiten Faktor geschützt. Bitte geben Sie auch dessen Code ein.
factor-required = Ihre Organisation verlangt einen zweiten Faktor. Bitte richten Sie einen anderen ein, bevor Sie diesen entfernen.
members-stranded = So könnten sich manche Mitglieder Ihrer Organisation nicht mehr anmelden. Bitte lassen Sie erst alle einen Passkey oder einen anderen gültigen Faktor einrichten.
passkey-invalid = Dieser Passkey passt hier nicht, oder die Seite war zu lange offen. Bitte versuchen Sie es noch einmal oder nehmen Sie einen anderen Weg.
passkey-known = Dieser Passkey ist schon registriert. Bitte verwenden Sie einen anderen.
last-sign-in-method = Das ist Ihr einziger Weg, sich anzumelden. Bitte setzen Sie ein Passwort oder legen Sie einen anderen Passkey an, bevor Sie ihn entfernen.
seats-taken = Es gibt so viele aktive Mitglieder, wie Ihr Vertrag erlaubt. Bitte entfernen oder sperren Sie zuerst ein Mitglied.
conflict = Jemand anderes hat gleichzeitig dasselbe geändert. Bitte versuchen Sie es noch einmal.
unavailable = Im Moment funktioniert etwas nicht. Es wurde nichts geändert. Bitte versuchen Sie es in Kürze noch einmal.
busy = Im Moment melden sich sehr viele Menschen an. Bitte versuchen Sie es gleich noch einmal.
cross-site = Wir konnten nicht sicherstellen, dass dies von Ihnen kommt. Deshalb ist nichts geschehen. Bitte öffnen Sie das Formular neu und senden Sie es noch einmal ab.
malformed-request = Wir konnten nicht lesen, was Ihr Browser gesendet hat. Es wurde nichts geändert. Bitte gehen Sie zurück und versuchen Sie es noch einmal.
invalid-fields = Bitte korrigieren Sie, was unten markiert ist.
payload-too-large = Es wurde zu viel auf einmal gesendet. Es wurde nichts geändert. Bitte kürzen Sie es und versuchen Sie es noch einmal.
unsupported-media-type = Diese Form der Anfrage wird hier nicht verstanden.
method-not-allowed = Diese Adresse kann so nicht benutzt werden. Es wurde nichts geändert.
internal = Bei uns ist etwas schiefgegangen. Es wurde nichts geändert. Bitte versuchen Sie es noch einmal.

# Wann ein neuer Versuch sich lohnt; füllt `$when`.
wait-seconds =
    { $count ->
        [one] in 1 Sekunde
       *[other] in { $count } Sekunden
    }
wait-minutes =
    { $count ->
        [one] in 1 Minute
       *[other] in { $count } Minuten
    }
wait-hours =
    { $count ->
        [one] in 1 Stunde
       *[other] in { $count } Stunden
    }

# Was an einem Feld falsch ist. `field-<Feld>-<Code>` geht vor `field-<Code>`.
field-required = Bitte füllen Sie dieses Feld aus.
field-too-long = Das ist zu lang.
field-too-short = Das ist zu kurz.
field-malformed = Hier stimmt etwas nicht. Bitte prüfen Sie die Eingabe.
field-forbidden-character = Die Eingabe enthält ein Zeichen, das nicht verwendet werden kann.
field-taken = Das ist bereits vergeben.
field-disposable = Das ist eine Wegwerf-Adresse. Bitte nehmen Sie eine, die Sie auch nächsten Monat noch lesen.
field-primary = Das ist Ihre Hauptadresse. Bitte machen Sie zuerst eine andere zur Hauptadresse.
field-wrong = Das ist nicht Ihr jetziges Passwort.
field-domain = Bitte prüfen Sie den Teil nach dem @: Das ist keine gültige Domain.
field-contains-name = Das Passwort enthält Ihren Namen. Bitte wählen Sie eines ohne ihn.
field-contains-email = Das Passwort enthält Ihre E-Mail-Adresse. Bitte wählen Sie eines ohne sie.
field-contains-product = Das Passwort enthält den Namen dieser Anwendung. Bitte wählen Sie eines ohne ihn.
field-contains-denied-word = Das Passwort enthält ein Wort, das hier leicht zu erraten ist. Bitte wählen Sie eines ohne dieses Wort.
field-needs-non-alphabetic = Dem Passwort fehlt ein Zeichen, das kein Buchstabe ist. Bitte fügen Sie eine Ziffer, ein Sonderzeichen oder ein Leerzeichen hinzu.
field-needs-mixed-case = Das Passwort braucht Groß- und Kleinbuchstaben. Bitte fügen Sie hinzu, was fehlt.
field-needs-digit = Dem Passwort fehlt eine Ziffer. Bitte fügen Sie eine hinzu.
field-needs-symbol = Dem Passwort fehlt ein Sonderzeichen. Bitte fügen Sie eines hinzu, etwa ein Satzzeichen.
field-common = Dieses Passwort benutzen viele Menschen, deshalb wird es zuerst geraten. Bitte wählen Sie ein anderes, etwa einige eigene Wörter.
field-too-guessable = Dieses Passwort ist leicht zu erraten. Bitte machen Sie es länger, etwa durch einige Wörter, die nichts miteinander zu tun haben.
field-breached = Dieses Passwort ist durch ein Datenleck an anderer Stelle bekannt geworden. Bitte wählen Sie ein anderes und ändern Sie es überall, wo Sie es sonst benutzen.
field-reused = Dieses Passwort haben Sie schon einmal benutzt. Bitte wählen Sie ein neues.
field-unknown = Dieses Feld wird hier nicht erwartet.
field-duplicate = Dieses Feld wurde zweimal gesendet.

field-email-required = Bitte geben Sie Ihre E-Mail-Adresse ein.
    .either = Bitte geben Sie Ihre E-Mail-Adresse oder Ihre Telefonnummer ein.
    .phone = Bitte geben Sie Ihre Telefonnummer ein.
field-email-malformed = Bitte geben Sie eine Adresse wie name@example.com ein.
    .either = Bitte geben Sie eine Adresse wie name@example.com oder eine Telefonnummer ein.
field-password-required = Bitte geben Sie ein Passwort ein.
field-password-too-short = Bitte wählen Sie ein Passwort mit mindestens { $min } Zeichen.
field-password-too-long = Bitte wählen Sie ein Passwort mit höchstens 256 Zeichen.
field-name-required = Bitte geben Sie Ihren Namen ein.
field-name-too-long = Bitte geben Sie höchstens 64 Zeichen ein.
field-organization-too-long = Bitte geben Sie höchstens 64 Zeichen ein.
field-second-factor-wrong = Dieser Code stimmt nicht oder wurde schon benutzt. Bitte warten Sie auf den nächsten, den Ihre App anzeigt.
field-second-factor-malformed = Ein Code besteht aus sechs Ziffern; ein Wiederherstellungscode aus 16 Buchstaben und Ziffern. Bitte prüfen Sie die Eingabe.
field-credential-required = Bitte lassen Sie zuerst Ihr Gerät antworten.
field-credential-malformed = Die Antwort Ihres Geräts ist nicht lesbar. Bitte versuchen Sie es noch einmal.
field-passkey-too-many = Dieses Konto hat schon so viele Passkeys, wie es geben darf. Bitte entfernen Sie zuerst einen.
field-second-factor-required = Bitte geben Sie einen Code Ihres zweiten Faktors ein.
field-code-required = Bitte geben Sie den Code ein.
field-code-malformed = Ein Code besteht aus sechs Ziffern; ein Wiederherstellungscode aus 16 Buchstaben und Ziffern. Bitte prüfen Sie die Eingabe.
field-time-zone-malformed = Bitte geben Sie eine Zeitzone wie Europe/Vienna ein oder lassen Sie dieses Feld leer.
field-picture-malformed = Bitte geben Sie eine Adresse ein, die mit https:// beginnt, oder lassen Sie dieses Feld leer.
field-new-password-required = Bitte geben Sie ein neues Passwort ein.
field-new-password-too-short = Bitte wählen Sie ein Passwort mit mindestens { $min } Zeichen.
field-new-password-too-long = Bitte wählen Sie ein Passwort mit höchstens 256 Zeichen.
field-reserved = Dieses Wort ist vorbehalten. Bitte wählen Sie ein anderes.
field-too-many = Das sind zu viele. Bitte entfernen Sie zuerst einige.
field-rights-required = Bitte wählen Sie mindestens ein Recht.
field-key-name-taken = Es gibt schon einen Schlüssel dieses Namens. Wenn Sie ihn gerade angelegt haben, steht er in der Liste.
field-days-malformed = Bitte geben Sie eine Zahl von Tagen ein.
field-days-too-long = So lange darf ein API-Schlüssel hier nicht gelten.
field-days-too-short = Bitte lassen Sie den Schlüssel mindestens einen Tag gelten.
field-scopes-required = Bitte wählen Sie mindestens ein Recht.
field-scopes-unknown = Ein solches Recht gibt es hier nicht.
field-life-too-long = So lange darf ein API-Schlüssel hier nicht gelten.
field-life-too-short = Bitte lassen Sie den Schlüssel mindestens einen Tag gelten.
field-overlap-too-long = Der alte Schlüssel kann höchstens 7 Tage weiter gelten.
field-api-keys-too-many = Es gibt schon so viele API-Schlüssel, wie es geben darf. Bitte beenden Sie zuerst einige.
field-slug-required = Bitte geben Sie einen Kurznamen für Adressen ein.
field-slug-malformed = Bitte verwenden Sie 2 bis 48 Buchstaben, Ziffern und einzelne Bindestriche.
field-slug-taken = Eine andere Organisation hat diesen Kurznamen. Bitte wählen Sie einen anderen.
field-roles-required = Bitte wählen Sie mindestens eine Rolle.
field-organization-name-required = Bitte geben Sie den Namen der Organisation ein.
field-organization-name-too-long = Bitte geben Sie höchstens 64 Zeichen ein.
field-heir-required = Bitte wählen Sie, wer die Organisation übernimmt.
field-role-name-required = Bitte geben Sie der Rolle einen Namen.
field-role-name-too-long = Bitte geben Sie höchstens 64 Zeichen ein.
field-role-name-taken = Es gibt schon eine Rolle mit diesem Namen.
field-roles-unknown = Eine dieser Rollen gibt es nicht mehr. Bitte wählen Sie neu.
field-rights-unknown = Eines dieser Rechte ist hier nicht bekannt. Bitte wählen Sie neu.
field-username-required = Bitte wählen Sie einen Benutzernamen.
field-username-taken = Dieser Benutzername ist vergeben. Bitte wählen Sie einen anderen.
field-username-reserved = Dieser Benutzername ist vorbehalten. Bitte wählen Sie einen anderen.
field-username-too-short = Bitte wählen Sie einen Benutzernamen mit mindestens 3 Zeichen.
field-username-too-long = Bitte wählen Sie einen Benutzernamen mit höchstens 32 Zeichen.
field-username-malformed = Ein Benutzername enthält einen Buchstaben und beginnt und endet mit einem Buchstaben oder einer Ziffer. Bitte prüfen Sie die Eingabe.
field-username-forbidden-character = Bitte verwenden Sie nur Buchstaben, Ziffern und . _ -.
field-username-misleading = Bitte verwenden Sie Buchstaben eines einzigen Alphabets: Manche sehen anderen gleich.
field-misleading = Bitte verwenden Sie Buchstaben eines einzigen Alphabets: Manche sehen anderen gleich.
field-country = In dieses Land senden wir keine SMS. Bitte geben Sie eine andere Nummer ein.
field-needs-number = Bitte geben Sie Ihre Telefonnummer ein.
field-malformed-number = Bitte geben Sie eine Telefonnummer wie +43 664 1234567 ein, ohne Durchwahl.
field-needs-country-code = Bitte beginnen Sie die Nummer mit + und der Landesvorwahl.
field-no-such-number = Diese Telefonnummer gibt es nicht. Bitte prüfen Sie die Eingabe.
field-not-texted = An Nummern dieser Art senden wir keine SMS. Bitte geben Sie die Nummer eines Mobiltelefons ein.
