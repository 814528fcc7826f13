# Seiten. `$product` steht in jedem Text zur Verfügung.

page-title = { $title } · { $product }
page-title-problem = Fehler: { $title } · { $product }
to-home = Weiter zu { $product }

# Felder, die mehrere Seiten haben.
name = Ihr Name
email = E-Mail-Adresse
contact = E-Mail-Adresse
    .either = E-Mail-Adresse oder Telefonnummer
    .phone = Telefonnummer
password = Passwort
password-again = Bitte geben Sie das Passwort noch einmal ein: Zwischen zwei Versuchen bewahren wir es nicht auf.
password-hint = Mindestens { $count } Zeichen. Einige Wörter, die nur Sie so zusammenstellen, sind leicht zu merken.

# Die Prüfung eines Formulars gegen Programme.
bot-check-hint = Eine kurze Prüfung hält Programme fern. Sie läuft von selbst, während Sie tippen.
bot-check-working = Wir prüfen, ob Sie ein Mensch sind … das dauert einen Augenblick und läuft von selbst.
bot-check-done = Geprüft. Sie können weitermachen.
bot-check-failed-here = Die Prüfung hat nicht geklappt. Bitte drücken Sie den Knopf noch einmal; wenn es wieder nicht geht, laden Sie die Seite neu.
bot-check-no-script = Dieses Formular braucht JavaScript, für eine kurze Prüfung, die Programme fernhält. Bitte schalten Sie es für diese Seite ein oder nehmen Sie einen anderen Browser.

# Registrieren.
sign-up-title = Konto erstellen
sign-up-email-hint = Wir senden eine E-Mail dorthin, um zu bestätigen, dass es Ihre ist.
    .either = Wir senden einen Code dorthin, um zu bestätigen, dass sie Ihnen gehört.
    .phone = Wir senden eine SMS mit einem Code dorthin, um zu bestätigen, dass sie Ihnen gehört.
sign-up-organization = Organisation (optional)
sign-up-organization-hint = Der Name Ihrer Firma oder Ihres Teams. Die Organisation wird angelegt und gehört Ihnen, sobald Ihre Adresse bestätigt ist.
sign-up-button = Konto erstellen
sign-up-have-account = Sie haben schon ein Konto?
sign-up-waiting = Sie haben schon einen Code?
sign-up-enter-code = Code eingeben
sign-up-twice = Wenn Sie zweimal geklickt haben, ist alles in Ordnung: Die E-Mail ist unterwegs.
    .either = Wenn Sie zweimal geklickt haben, ist alles in Ordnung: Die Nachricht ist unterwegs.
    .phone = Wenn Sie zweimal geklickt haben, ist alles in Ordnung: Die SMS ist unterwegs.

# Warten auf die E-Mail.
check-mail-title = Sehen Sie in Ihr Postfach
    .either = Sehen Sie nach Ihren Nachrichten
    .phone = Sehen Sie auf Ihr Telefon
check-mail-intro = Wir haben eine E-Mail gesendet an:
    .either = Wir haben eine Nachricht gesendet an:
    .phone = Wir haben eine SMS gesendet an:
check-mail-pending = Ihr Passwort stimmt. Bevor es weitergeht, bestätigen Sie bitte diese Adresse:
    .phone = Ihr Passwort stimmt. Bevor Sie weitermachen können, bestätigen Sie bitte diese Nummer:
check-mail-how = Öffnen Sie den Link in der E-Mail oder geben Sie hier den Code daraus ein.
    .phone = Geben Sie hier den Code aus der SMS ein.
check-mail-pending-how = Öffnen Sie den Link in der E-Mail, die wir Ihnen gesendet haben, oder geben Sie hier den Code daraus ein. Wenn die E-Mail älter als 10 Minuten ist, fordern Sie unten eine neue an.
    .phone = Geben Sie den Code aus der SMS ein, die wir Ihnen gesendet haben. Ist sie älter als 10 Minuten, fordern Sie unten bitte eine neue an.
check-mail-code-title = Code eingeben
check-mail-code-intro = Geben Sie den Code aus der E-Mail ein, die wir Ihnen gesendet haben. Er gilt nur in dem Browser, in dem Sie ihn angefordert haben.
    .either = Geben Sie den Code aus der Nachricht ein, die wir Ihnen gesendet haben. Er gilt nur in dem Browser, in dem Sie ihn angefordert haben.
    .phone = Geben Sie den Code aus der SMS ein, die wir Ihnen gesendet haben. Er gilt nur in dem Browser, in dem Sie ihn angefordert haben.
check-mail-development = Dies ist ein Entwicklungssystem: E-Mails bleiben hier.
    .either = Dies ist ein Entwicklungssystem: Nachrichten bleiben hier.
    .phone = Dies ist ein Entwicklungssystem: SMS bleiben hier.
check-mail-mailbox = Postfach öffnen
check-mail-code = Bestätigungscode aus der E-Mail
    .either = Code aus der Nachricht
    .phone = Code aus der SMS
check-mail-code-hint = 6 Ziffern. Er gilt 10 Minuten.
check-mail-button = Adresse bestätigen
    .either = Bestätigen
    .phone = Nummer bestätigen
check-mail-again = Keine E-Mail erhalten?
    .either = Keine Nachricht bekommen?
    .phone = Keine SMS bekommen?
check-mail-again-hint = Sehen Sie bitte zuerst im Spam-Ordner nach. Eine neue E-Mail ersetzt die vorherige.
    .phone = Eine SMS kann eine Minute brauchen. Eine neue ersetzt die vorige.
check-mail-again-ask = Nennen Sie uns Ihre Adresse, und wir senden Ihnen einen neuen Link und einen neuen Code.
    .either = Nennen Sie uns Ihre Adresse oder Ihre Nummer, und wir senden einen neuen Code dorthin.
    .phone = Nennen Sie uns Ihre Nummer, und wir senden einen neuen Code dorthin.
check-mail-again-button = Neue E-Mail senden
    .either = Neue Nachricht senden
    .phone = Neue SMS senden
check-mail-sent-again = Wenn diese Adresse auf Bestätigung wartet, ist eine neue E-Mail unterwegs. Links und Codes aus früheren E-Mails gelten nicht mehr.
    .either = Wenn noch zu bestätigen ist, dass sie Ihnen gehört, ist eine neue Nachricht unterwegs. Codes aus früheren gelten nicht mehr.
    .phone = Wenn diese Nummer noch zu bestätigen ist, ist eine neue SMS unterwegs. Codes aus früheren gelten nicht mehr.
check-mail-wrong-address = Falsche Adresse?
    .phone = Falsche Nummer?
check-mail-sign-up-again = Noch einmal registrieren
check-mail-confirmed = Schon bestätigt?
check-mail-dead-title = Dieser Link funktioniert nicht mehr
check-mail-dead-used = Wenn Sie Ihre Adresse gerade bestätigt haben, ist alles in Ordnung und Sie können fortfahren:
check-mail-dead-again = Neuen Link anfordern

# Die Seite hinter dem Link aus der E-Mail.
verify-title = Adresse bestätigen
verify-title-password = Bestätigen und Passwort wählen
verify-intro = Noch ein Klick auf die Schaltfläche, und diese Adresse ist als Ihre bestätigt:
verify-intro-password = Diese Adresse wird als Ihre bestätigt:
    .phone = Diese Nummer wird als Ihre bestätigt:
verify-why = Sie haben diesen Link in einem anderen Browser geöffnet als dem, in dem das Konto registriert wurde, oder dessen Cookies wurden inzwischen gelöscht. Damit sicher ist, dass niemand anderes dieses Konto vorbereitet hat, wählen Sie bitte ein neues Passwort. Es ersetzt das Passwort aus der Registrierung.
verify-why-code = Sie benutzen einen anderen Browser als den, in dem das Konto registriert wurde, oder dessen Cookies wurden inzwischen gelöscht. Damit sicher ist, dass niemand anderes dieses Konto vorbereitet hat, wählen Sie bitte ein neues Passwort. Es ersetzt das Passwort aus der Registrierung.
verify-password = Neues Passwort
verify-organization-hint = Sie können den Namen noch ändern. Wenn Sie das Feld leer lassen, bleibt der Name aus der Registrierung.
verify-button = Adresse bestätigen
verify-button-password = Bestätigen und Passwort festlegen
verify-not-you = Wenn Sie das nicht angefordert haben, schließen Sie einfach diese Seite. Es geschieht dann nichts.

# Anmelden.
sign-in-title = Anmelden
sign-in-remember = Angemeldet bleiben
sign-in-remember-hint = Nur auf einem Gerät, das Ihnen gehört.
sign-in-button = Anmelden
sign-in-no-account = Noch kein Konto?
sign-in-sign-up = Registrieren
sign-in-already = Sie sind angemeldet als
sign-in-go-on = Mit diesem Konto fortfahren
notice-verified = Ihre E-Mail-Adresse ist bestätigt. Sie können sich jetzt anmelden.
    .either = Sie haben bestätigt, dass sie Ihnen gehört. Sie können sich jetzt anmelden.
    .phone = Ihre Telefonnummer ist bestätigt. Sie können sich jetzt anmelden.
notice-signed-out = Sie sind auf diesem Gerät abgemeldet.
notice-signed-out-everywhere = Sie sind überall abgemeldet, auch auf diesem Gerät.

sign-in-forgot = Passwort vergessen?
notice-password-set = Ihr neues Passwort ist festgelegt, und Sie sind überall sonst abgemeldet. Sie können sich jetzt anmelden.
notice-secured = Ihr Konto ist wieder sicher: Alle sind abgemeldet, und das alte Passwort ist ungültig. Wir haben Ihnen eine E-Mail gesendet, mit der Sie ein neues festlegen.
notice-email-added = Die Adresse ist bestätigt und gehört jetzt zu Ihrem Konto.
    .either = Sie ist bestätigt und gehört jetzt zu Ihrem Konto.
    .phone = Die Nummer ist bestätigt und gehört jetzt zu Ihrem Konto.

# Ein vergessenes Passwort.
forgot-title = Neues Passwort festlegen
forgot-intro = Nennen Sie uns die E-Mail-Adresse Ihres Kontos. Wenn es eines gibt, senden wir eine E-Mail dorthin, mit der Sie ein neues Passwort festlegen.
    .either = Nennen Sie uns die E-Mail-Adresse oder die Telefonnummer Ihres Kontos. Wenn es eines gibt, senden wir dorthin eine Nachricht, mit der Sie ein neues Passwort festlegen.
    .phone = Nennen Sie uns die Telefonnummer Ihres Kontos. Wenn es eines gibt, senden wir dorthin einen Code, mit dem Sie ein neues Passwort festlegen.
forgot-button = E-Mail senden
    .either = Nachricht senden
    .phone = Code senden
forgot-have-code = Sie haben schon einen Code?
forgot-remembered = Doch wieder eingefallen?
reset-title = Neues Passwort wählen
reset-sent = Wenn es ein Konto mit dieser Adresse gibt, ist eine E-Mail unterwegs. Links und Codes aus früheren E-Mails gelten nicht mehr.
    .either = Wenn es ein solches Konto gibt, ist eine Nachricht unterwegs. Links und Codes aus früheren gelten nicht mehr.
    .phone = Wenn es ein Konto mit dieser Nummer gibt, ist ein Code unterwegs: per E-Mail, wenn es eine Adresse hat, sonst per SMS. Frühere Codes gelten nicht mehr.
reset-intro-link = Hier legen Sie ein neues Passwort fest für das Konto von:
reset-intro-code = Geben Sie den Code aus der E-Mail ein oder öffnen Sie den Link darin. Der Code gilt nur in dem Browser, in dem Sie ihn angefordert haben.
    .either = Geben Sie den Code aus der Nachricht ein. Er gilt nur in dem Browser, in dem Sie ihn angefordert haben.
    .phone = Geben Sie den Code aus der SMS ein. Er gilt nur in dem Browser, in dem Sie ihn angefordert haben.
reset-ends = Danach sind Sie überall abgemeldet und melden sich mit dem neuen Passwort an.
reset-button = Neues Passwort festlegen
reset-dead = Fordern Sie eine neue E-Mail an; darin steht ein Link, der funktioniert.
reset-back = Zurück zur Anmeldung

# Ein neues Passwort während einer Anmeldung.
new-password-title = Neues Passwort wählen
new-password-intro = Ihr Passwort stimmt, muss aber ersetzt werden: Es wurde Ihnen gegeben oder ist schon lange in Gebrauch. Wählen Sie eines, das nur Sie kennen.

# Hinter Links aus E-Mails.
mailed-dead = Fordern Sie noch einmal einen an, um einen Link zu erhalten, der funktioniert.
mailed-secure-title = Waren Sie das nicht?
mailed-secure-intro = Mit einem Klick auf die Schaltfläche ist das Konto mit dieser Adresse wieder sicher:
mailed-secure-what = Alle werden überall abgemeldet, das Passwort wird ungültig, seither hinzugefügte E-Mail-Adressen werden entfernt, und wir senden an diese Adresse eine E-Mail, mit der Sie ein neues Passwort festlegen.
mailed-secure-button = Mein Konto sichern
mailed-secure-not = Wenn Sie das waren, schließen Sie einfach diese Seite. Es geschieht dann nichts.
mailed-secure-dead = Wenn Sie glauben, dass jemand Zugang zu Ihrem Konto hat, legen Sie ein neues Passwort fest. Damit werden alle abgemeldet.
mailed-approve-title = E-Mail-Adresse freigeben
    .phone = Telefonnummer freigeben
mailed-approve-intro = Jemand, der in Ihrem Konto angemeldet ist, möchte diese Adresse hinzufügen:
    .phone = Jemand, der in Ihrem Konto angemeldet ist, möchte diese Telefonnummer hinzufügen:
mailed-approve-what = Wenn Sie das sind, klicken Sie auf die Schaltfläche; wir senden dann eine E-Mail an die neue Adresse.
    .phone = Wenn Sie das sind, klicken Sie auf die Schaltfläche; wir senden dann einen Code per SMS an die Nummer.
mailed-approve-button = Diese Adresse freigeben
    .phone = Diese Nummer freigeben
mailed-add-title = Neue Adresse bestätigen
mailed-add-intro = Noch ein Klick auf die Schaltfläche, und diese Adresse gehört zu Ihrem Konto:

# Eine Organisation wählen.
choose-title = Organisation wählen
choose-lost = Zu der Organisation, in der Sie waren, haben Sie zurzeit keinen Zugang. Ihre Administration weiß mehr.
choose-intro = In welcher möchten Sie arbeiten? Sie können jederzeit wechseln.
choose-current = Aktuell
choose-none = Sie gehören noch keiner Organisation an. Bitten Sie eine Administratorin oder einen Administrator, Sie hinzuzufügen.
choose-other = Das sind nicht Sie?
choose-sign-in = Mit einem anderen Konto anmelden
choose-left = Sie haben die Organisation verlassen.
choose-deleted = Die Organisation ist gelöscht. Sie können sie unten 30 Tage lang wiederherstellen.
choose-restored = Die Organisation ist wieder da. Sie können sie wieder betreten.
choose-deleted-title = Gelöschte Organisationen
choose-deleted-intro = Sie gehören Ihnen, und Sie können sie noch wiederherstellen.
choose-restore = Wiederherstellen
choose-restore-named = { $organization } wiederherstellen

# Noch einmal zeigen, wer man ist.
step-up-title = Bitte bestätigen Sie, dass Sie es sind
step-up-intro = Was jetzt kommt, ist heikel; deshalb fragen wir noch einmal nach Ihrem Passwort. Sie sind angemeldet als:
step-up-wrong = Dieses Passwort stimmt nicht. Bitte versuchen Sie es noch einmal.
step-up-button = Bestätigen
step-up-not-you = Das sind nicht Sie?

# Das Konto.
account-title = Ihr Konto
account-you = Sie
account-organization = Organisation
account-no-organization = Zurzeit keine
account-switch = Wechseln
sign-out = Abmelden
account-sessions = Wo Sie angemeldet sind
account-sessions-intro = Wenn Sie eine dieser Sitzungen nicht erkennen, beenden Sie sie: Das Gerät wird sofort abgemeldet.
account-this-device = Dieses Gerät
account-end = Beenden
account-end-named = Sitzung beenden: { $device }, { $since }
notice-session-ended = Die Sitzung ist beendet. Das Gerät ist abgemeldet.
account-everywhere = Überall abmelden
account-everywhere-why = Beendet alle Sitzungen auf einmal, auch diese. Das hilft, wenn ein Gerät verloren ging oder Sie irgendwo vergessen haben, sich abzumelden.
account-everywhere-button = Überall abmelden
device = { $browser } auf { $system }
device-unknown = Unbekanntes Gerät
seen-now = Gerade aktiv
seen = Zuletzt aktiv { $ago }
since-now = gerade angemeldet
since = { $ago } angemeldet
ago-minutes = vor { $count } Min.
ago-hours = vor { $count } Std.
ago-yesterday = gestern
ago-days = vor { $count } Tagen

account-back = Zurück zu Ihrem Konto
account-save = Speichern
account-profile-title = Profil
account-profile-about = Name, Sprache, wie Sie erreichbar sind
account-profile-language = Sprache
account-profile-language-browser = Wie im Browser
account-profile-zone = Zeitzone (optional)
account-profile-zone-hint = Zum Beispiel Europe/Vienna.
account-profile-contact = Kontakt (optional)
account-profile-contact-hint = Eine Telefonnummer oder ein anderer Weg, Sie zu erreichen.
account-profile-picture = Bild (optional)
account-profile-picture-hint = Die Adresse eines Bildes, beginnend mit https.
notice-profile-changed = Ihr Profil ist gespeichert.
account-password-title = Passwort
account-password-about = Ändern
account-password-present = Jetziges Passwort
account-password-keep = Auf anderen Geräten angemeldet bleiben
account-password-keep-hint = Lassen Sie das aus, wenn jemand anderes das Passwort kennen könnte.
account-password-button = Passwort ändern
account-password-forgotten = Vergessen?
notice-password-changed = Ihr Passwort ist geändert.
account-emails-title = E-Mail-Adressen
    .either = Adressen und Telefonnummern
    .phone = Telefonnummern
account-emails-about = Hinzufügen, entfernen, Hauptadresse wählen
account-emails-yours = Ihre Adressen
    .either = Ihre
    .phone = Ihre Nummern
account-emails-primary = Hauptadresse
account-emails-verified = Bestätigt. Sie können sich damit anmelden.
account-emails-waiting = Wartet auf Bestätigung: Öffnen Sie den Link in der E-Mail, die wir dorthin gesendet haben.
    .either = Noch zu bestätigen: mit der Nachricht, die wir dorthin gesendet haben.
    .phone = Noch zu bestätigen: mit dem Code aus der SMS, die wir dorthin gesendet haben.
account-emails-waiting-approval = Wartet auf Bestätigung: zuerst durch die E-Mail an Ihre Hauptadresse, dann durch die E-Mail an diese Adresse.
account-emails-undeliverable = E-Mails an diese Adresse kommen zurück. Bitte ersetzen Sie sie.
account-emails-make-primary = Zur Hauptadresse machen
account-emails-make-primary-named = { $email } zur Hauptadresse machen
    .either = { $email } an die erste Stelle setzen
    .phone = { $email } zur Hauptnummer machen
account-emails-remove = Entfernen
account-emails-remove-named = { $email } entfernen
account-emails-code = Mit Code bestätigen
account-emails-code-intro = Die E-Mail an die neue Adresse enthält einen Link und einen Code. Öffnen Sie den Link oder geben Sie hier den Code ein.
    .either = Geben Sie den Code aus der Nachricht ein, die wir dorthin gesendet haben.
    .phone = Geben Sie den Code aus der SMS ein, die wir dorthin gesendet haben.
account-emails-add = Adresse hinzufügen
    .either = Adresse oder Nummer hinzufügen
    .phone = Nummer hinzufügen
account-emails-add-intro = Wir bitten zuerst an der jetzigen Hauptadresse um Ihre Freigabe und schreiben dann an die neue. Bis sie bestätigt ist, ändert sich nichts.
    .either = Wenn Sie eine E-Mail-Adresse haben, bitten wir dort zuerst um Ihre Zustimmung; dann schreiben wir an die neue Adresse oder Nummer. Bis zur Bestätigung ändert sich nichts.
    .phone = Wir senden einen Code an die neue Nummer. Bis zur Bestätigung ändert sich nichts.
account-emails-add-direct = Wir schreiben an die neue Adresse. Bis sie bestätigt ist, ändert sich nichts.
    .either = Wir schreiben an die neue Adresse oder Nummer. Bis zur Bestätigung ändert sich nichts.
    .phone = Wir senden einen Code an die neue Nummer. Bis zur Bestätigung ändert sich nichts.
account-emails-replace = Sie ersetzt meine Hauptadresse
    .either = Sie ersetzt meine erste ihrer Art
    .phone = Sie ersetzt meine Hauptnummer
account-emails-replace-hint = Die jetzige Hauptadresse wird entfernt, sobald die neue bestätigt ist. Dorthin geht eine E-Mail, mit der sich das 7 Tage lang rückgängig machen lässt.
    .either = Die bisherige erste wird entfernt, sobald die neue bestätigt ist.
    .phone = Die bisherige Hauptnummer wird entfernt, sobald die neue bestätigt ist.
account-emails-add-button = Adresse hinzufügen
    .either = Hinzufügen
    .phone = Nummer hinzufügen
account-emails-confirm-first = Bestätigen, dass Sie es sind
emails-asked = Wir haben eine E-Mail an die neue Adresse gesendet. Öffnen Sie den Link darin oder geben Sie hier den Code daraus ein.
    .either = Wir haben eine Nachricht an die neue Adresse oder Nummer gesendet. Geben Sie deren Code hier ein.
    .phone = Wir haben eine SMS an die neue Nummer gesendet. Geben Sie deren Code hier ein.
emails-asked-approval = Wir haben eine E-Mail an Ihre Hauptadresse gesendet. Öffnen Sie den Link darin, um die neue Adresse freizugeben.
    .either = Wir haben eine Nachricht gesendet. Ging sie an Ihre Hauptadresse, öffnen Sie bitte den Link darin, um zuzustimmen; ging sie an die neue, geben Sie deren Code hier ein.
    .phone = Wir haben eine SMS an die neue Nummer gesendet. Geben Sie deren Code hier ein.
emails-approved = Freigegeben. Jetzt haben wir eine E-Mail an die neue Adresse gesendet: Öffnen Sie den Link darin.
emails-added = Die Adresse ist bestätigt und gehört jetzt zu Ihrem Konto.
    .either = Sie ist bestätigt und gehört jetzt zu Ihrem Konto.
    .phone = Die Nummer ist bestätigt und gehört jetzt zu Ihrem Konto.
emails-removed = Die Adresse ist entfernt.
    .either = Sie ist entfernt.
    .phone = Die Nummer ist entfernt.
emails-primary-changed = Das ist jetzt Ihre Hauptadresse. Die bisherige wurde benachrichtigt.
    .either = Sie steht jetzt an erster Stelle.
    .phone = Das ist jetzt Ihre Hauptnummer.

# Die Organisation, in der man arbeitet.
account-organization-about = Mitglieder, Rollen, was geschehen ist
organization-about = Überblick
organization-name = Name der Organisation
organization-slug = Kurzname
organization-slug-hint = Steht in Adressen: 2 bis 48 Buchstaben, Ziffern und Bindestriche. Wenn Sie ihn ändern, funktionieren alte Adressen nicht mehr.
organization-your-roles = Ihre Rollen
organization-members = Mitglieder
organization-seats = { $members } von { $seats } Plätzen
organization-switch = Organisation wechseln
organization-switch-about = In einer anderen arbeiten
organization-change = Ändern
organization-changed = Die Organisation ist gespeichert.
organization-transfer = Übergeben
organization-transfer-intro = Jemand anderes wird Eigentümer und ist für die Organisation verantwortlich. Sie bleiben als Administrator.
organization-transfer-nobody = Es gibt noch niemand anderen. Fügen Sie zuerst ein Mitglied hinzu.
organization-heir = Neuer Eigentümer
organization-heir-named = { $name } ({ $email })
organization-heir-none = Bitte wählen
organization-transfer-button = Organisation übergeben
organization-transferred = Die Organisation ist übergeben. Sie haben jetzt die Rolle Administration.
organization-leave = Verlassen
organization-leave-intro = Sie verlieren sofort den Zugang. Wer Mitglieder hinzufügt, kann Sie wieder hinzufügen.
organization-leave-last = Sie sind der einzige Eigentümer. Übergeben Sie die Organisation, bevor Sie sie verlassen, oder löschen Sie sie.
organization-leave-ask = Ich möchte sie verlassen
organization-leave-button = Diese Organisation verlassen
organization-delete = Löschen
organization-delete-intro = Niemand kann die Organisation mehr betreten. Ein Eigentümer kann sie 30 Tage lang wiederherstellen; danach ist sie weg.
organization-delete-ask = Ich möchte sie löschen
organization-delete-button = Diese Organisation löschen
organization-delete-confirm = Bestätigen, dass Sie es sind, um die Organisation zu löschen
organization-back = Zurück zur Organisation

# Listen.
list-search = Suchen
list-filter = Anzeigen
list-everything = Alles anzeigen
list-first = Zum Anfang
list-next = Nächste Seite

# Mitglieder einer Organisation.
members-title = Mitglieder
members-about = Wer sie sind und was sie dürfen
members-about-manage = Hinzufügen, ändern und entfernen
members-search = Adresse beginnt mit
members-status = Zustand
members-every = Alle
members-active = Aktiv
members-suspended = Gesperrt
members-you = Sie
members-nobody = Hier ist niemand.
members-roles = Rollen
members-add = Mitglied hinzufügen
members-add-intro = Wer ein Konto mit dieser Adresse hat, wird sofort Mitglied und durch eine E-Mail benachrichtigt.
members-add-button = Mitglied hinzufügen
members-asked = Wenn es ein Konto mit dieser Adresse gibt, ist es gleich Mitglied und wurde durch eine E-Mail benachrichtigt.
members-removed = Diese Person ist kein Mitglied mehr. Ihr Zugang ist mit diesem Moment beendet.
members-back = Zurück zu den Mitgliedern
member-about = Überblick
member-since = Mitglied seit
member-barred = Konto geschlossen
member-rights = Rechte
member-rights-intro = Was jede Rolle gibt. Zusammen entscheiden sie, was diese Person hier darf.
member-beyond = Diese Person hat Rechte, die Sie selbst nicht haben; deshalb können Sie diese Mitgliedschaft nicht ändern.
member-roles = Rollen ändern
member-roles-intro = Die Änderung gilt ab dem nächsten Klick dieser Person.
member-roles-changed = Die Rollen sind gespeichert. Sie gelten ab dem nächsten Klick.
member-end = Zugang
member-suspend-intro = Gesperrte Mitglieder behalten ihren Platz und ihre Rollen, haben aber keinen Zugang.
member-suspend = Sperren
member-suspended = Diese Mitgliedschaft ist gesperrt.
member-reactivate-intro = Diese Person hat zurzeit keinen Zugang. Ihre Rollen bleiben erhalten.
member-reactivate = Sperre aufheben
member-reactivated = Diese Mitgliedschaft gilt wieder.
member-remove-ask = Aus der Organisation entfernen
member-remove-intro = Der Zugang endet sofort. Sie können diese Person später wieder hinzufügen.
member-remove = Mitglied entfernen
member-you-leave = Die Organisation verlassen

# Rollen und Rechte.
roles-title = Rollen
roles-about = Was jede Rolle gibt
roles-about-manage = Was jede Rolle gibt, und eigene Rollen
roles-intro = Ein Mitglied darf, was seine Rollen zusammen geben.
roles-own = Eigene
roles-none = Keine Rolle
roles-nothing = Nichts Besonderes
roles-new = Neue Rolle
roles-change = Ändern
roles-change-named = { $role } ändern
roles-back = Zurück zu den Rollen
role-about = Was sie gibt
role-intro = Eine Änderung gilt ab dem nächsten Klick von allen, die diese Rolle haben.
role-name = Name der Rolle
role-rights = Rechte
role-saved = Die Rolle ist gespeichert.
role-remove = Entfernen
role-remove-intro = Wer diese Rolle hat, verliert, was sie gibt, und behält die übrigen Rollen.
role-remove-ask = Ich möchte diese Rolle entfernen
role-remove-button = Rolle entfernen
role-removed = Die Rolle ist entfernt.
role-beyond = Diese Rolle gibt Rechte, die Sie selbst nicht haben; deshalb können Sie sie nicht ändern.
role-owner = Eigentümer
role-admin = Administration
role-member = Mitglied
permission-all = Alles, was nicht den Eigentümern vorbehalten ist
permission-all-of = Alles zu „{ $resource }“
permission-organization-own = Die Organisation übergeben und löschen
permission-organization-manage = Name und Einstellungen der Organisation ändern
permission-organization-policy = Bestimmen, wie sich Mitglieder anmelden müssen
permission-member-read = Mitglieder und Rollen sehen
permission-member-add = Mitglieder hinzufügen
permission-member-manage = Mitglieder ändern und entfernen
permission-role-manage = Rollen anlegen und ändern
permission-audit-read = Das Protokoll lesen

# Das Protokoll.
audit-title = Protokoll
audit-about = Wer was getan hat, und wann
audit-kind = Was
audit-every-kind = Alles
audit-user = Wer
audit-everybody = Alle
audit-by = Von
audit-to = betrifft
audit-from = von
audit-from-to = von { $from } zu { $to }
audit-number = Nr. { $number }
audit-suspended = Mitgliedschaft gesperrt
audit-reactivated = Mitgliedschaft wieder in Kraft
audit-settings = Einstellungen
audit-role-gone = { $role } (entfernt)
audit-nobody = Von niemandem, der angemeldet war
audit-system = der Anwendung ({ $reason })
audit-at = { $date } um { $time } UTC
audit-nothing = Es ist nichts geschehen, was dazu passt.
audit-first = Zum Neuesten
audit-next = Ältere
audit-check = Protokoll prüfen
audit-check-intro = Jeder Eintrag ist in eine Kette eingesiegelt. Die Prüfung folgt ihr vom ersten Eintrag bis zum letzten und zeigt, ob jemand sie angetastet hat.
audit-check-button = Protokoll prüfen
audit-export = Herunterladen
audit-export-intro = Was oben ausgewählt ist, ab dieser Seite, als Zeilen von JSON: bis zu 10.000 Einträge. Das Herunterladen wird im Protokoll vermerkt.
audit-export-button = Herunterladen
audit-whole = Das Protokoll ist unversehrt
audit-whole-what =
    { $count ->
        [one] Ein Eintrag wurde geprüft. Er ist so, wie er geschrieben wurde.
       *[other] { $count } Einträge wurden geprüft. Jeder ist so, wie er geschrieben wurde, an seinem Platz.
    }
audit-whole-why = Niemand hat etwas geändert, entfernt, verschoben oder eingefügt.
audit-broken = Das Protokoll ist nicht unversehrt
audit-broken-place = Platz im Protokoll
audit-broken-event = Eintrag
audit-broken-what = Bitte sagen Sie es denen, die diese Anwendung betreiben. Was vor dieser Stelle steht, ist so, wie es geschrieben wurde.
audit-fault-altered = Ein Eintrag wurde geändert oder nicht von der Anwendung geschrieben.
audit-fault-missing = Ein Eintrag fehlt.
audit-fault-misplaced = Ein Eintrag gehört nicht dorthin, wo er steht.
audit-fault-cut-off = Das Ende des Protokolls fehlt.
audit-fault-unknown-key = Ein Eintrag wurde mit einem Schlüssel gesiegelt, den es hier nicht gibt.
audit-back = Zurück zum Protokoll

# Der Name dieser Sprache, in ihr selbst.
language-name = Deutsch

# Entwicklung.
development-note = Entwicklungssystem.
development-mailbox = Postfach
mailbox-title = Postfach der Entwicklung
mailbox-intro = E-Mails dieses Systems enden hier und gehen nicht hinaus. Diese Seite gibt es nur auf localhost.
mailbox-mails = E-Mails
mailbox-reload = Noch einmal nachsehen
mailbox-to = An
mailbox-empty = Noch keine E-Mails. Sie treffen innerhalb von ein bis zwei Sekunden ein.
mail-back = Zurück zum Postfach

# Wenn etwas schiefgeht.
error-title = Etwas ist im Weg
error-title-form = Bitte öffnen Sie das Formular neu
error-title-not-found = Hier gibt es nichts
error-title-unavailable = Zurzeit nicht verfügbar
error-title-denied = Das dürfen Sie nicht
error-form-why = Das geschieht, wenn das Formular lange offen war oder wenn Cookies gelöscht wurden oder blockiert sind. Zum Anmelden müssen Cookies dieser Website erlaubt sein. Was Sie eingegeben haben, wurde nicht verwendet.
error-back = Zurück zum Formular
error-again = Noch einmal versuchen
error-switch = Organisation wechseln

api-keys-title = API-Schlüssel
api-keys-about = Für Programme, die für Sie handeln
api-keys-organization-about = Für Programme der Organisation
api-keys-yours = Ihre Schlüssel
api-keys-intro = Ein Programm, das einen dieser Schlüssel sendet, handelt für Sie in Ihrer Organisation, mit den Rechten, die Sie ankreuzen und selbst haben.
api-keys-organization-intro = Ein Programm, das einen dieser Schlüssel sendet, handelt für die Organisation, auch wenn nicht mehr da ist, wer ihn angelegt hat. Auch Schlüssel von Mitgliedern stehen hier.
api-keys-none = Es gibt keine Schlüssel.
api-keys-older = Ältere
api-keys-new = Schlüssel anlegen
api-key-name = Name des Schlüssels
api-key-name-hint = Zum Beispiel das Programm, das ihn verwendet, damit Sie ihn später wiedererkennen.
api-key-rights = Was er darf
api-key-no-rights = Sie arbeiten in keiner Organisation; dieser Schlüssel sagt, wer anruft, und darf nichts.
api-key-nothing = Sagt, wer anruft, und darf nichts
api-key-days = Gültig für so viele Tage (leer: wie üblich)
api-key-make = Anlegen
api-key-made = Ihr neuer Schlüssel
api-key-made-intro = Kopieren Sie ihn jetzt und bewahren Sie ihn dort auf, wo das Programm ihn findet: Er wird nur dieses eine Mal gezeigt. Wer ihn hat, kann mit ihm handeln.
api-key-secret = Schlüssel
api-key-used = verwendet { $ago }
api-key-used-now = gerade verwendet
api-key-unused = noch nicht verwendet
api-key-ends = { $days ->
    [one] noch { $days } Tag gültig
   *[other] noch { $days } Tage gültig
}
api-key-endless = gültig, bis er beendet wird
api-key-over = beendet
api-key-of-member = von { $name }
api-key-end = Beenden
api-key-end-named = Schlüssel { $name } beenden
api-key-ended = Der Schlüssel ist beendet. Programme, die ihn verwenden, werden ab jetzt abgewiesen.
permission-api-key-manage = API-Schlüssel anlegen und beenden

# Mehrere Konten.
choose-account-title = Konto auswählen
choose-account-intro = Diese Konten sind in diesem Browser angemeldet.
choose-account-active = aktiv
choose-account-add = Mit einem anderen Konto anmelden
choose-account-link = Konten in diesem Browser
