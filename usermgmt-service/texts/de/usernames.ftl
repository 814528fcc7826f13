# Benutzernamen. `$product` gibt es in jedem Text.

username = Benutzername
username-optional = Benutzername (freiwillig)
username-hint = 3 bis 32 Buchstaben, Ziffern und dazwischen . _ -. Andere können ihn sehen.
username-free = Diese sind frei: { $names }
sign-in-name = E-Mail-Adresse oder Benutzername
    .either = E-Mail-Adresse, Telefonnummer oder Benutzername
    .phone = Telefonnummer oder Benutzername
sign-in-forgot-username = Benutzernamen vergessen?
forgot-username-title = Benutzernamen vergessen
forgot-username-intro = Nennen Sie uns die E-Mail-Adresse Ihres Kontos. Wenn es eines gibt, senden wir eine E-Mail dorthin, in der steht, mit welchem Namen Sie sich anmelden.
notice-username-sent = Wenn es ein Konto mit dieser Adresse gibt, ist eine E-Mail mit dem Benutzernamen unterwegs.
account-username-title = Benutzername
account-username-about = Der Name, unter dem andere Sie kennen und mit dem Sie sich anmelden können
account-username-present = Ihr Benutzername ist
account-username-none = Sie haben noch keinen Benutzernamen. Mit einem können Sie sich anmelden, ohne Ihre Adresse einzugeben.
account-username-new = Neuer Benutzername
account-username-button = Diesen Namen verwenden
account-username-former = Ihre früheren Namen bleiben noch eine Weile bei Ihrem Konto: Niemand sonst bekommt sie, und Sie können sich weiter mit ihnen anmelden.
account-username-missing = Bitte wählen Sie einen Benutzernamen.
notice-username-changed = Das ist ab jetzt Ihr Benutzername.

# Im Protokoll.
audit-user-username-requested = Benutzername per E-Mail angefordert
audit-user-username-set = Benutzername gewählt
audit-user-username-removed = Benutzername entfernt
