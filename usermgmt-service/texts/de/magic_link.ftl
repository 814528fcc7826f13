# Anmelden per E-Mail.

magic-link-button = Link zum Anmelden per E-Mail senden
    .either = Link oder Code zum Anmelden senden
    .phone = Code zum Anmelden per SMS senden
magic-link-button-code = Code zum Anmelden per E-Mail senden
    .either = Code zum Anmelden senden
    .phone = Code zum Anmelden per SMS senden
magic-link-title = Anmelden per E-Mail
    .either = Mit einer Nachricht anmelden
    .phone = Mit einer SMS anmelden
magic-link-intro = Nennen Sie uns die E-Mail-Adresse Ihres Kontos. Wenn es eines gibt, senden wir eine E-Mail dorthin, mit der Sie sich anmelden.
    .either = Nennen Sie uns die E-Mail-Adresse oder die Telefonnummer Ihres Kontos. Wenn es eines gibt, senden wir dorthin eine Nachricht, mit der Sie sich anmelden.
    .phone = Nennen Sie uns die Telefonnummer Ihres Kontos. Wenn es eines gibt, senden wir dorthin einen Code, mit dem Sie sich anmelden.
magic-link-password = Lieber mit Ihrem Passwort?
magic-link-wait-title = Anmelden per E-Mail
    .either = Mit einer Nachricht anmelden
    .phone = Mit einer SMS anmelden
magic-link-wait = Öffnen Sie den Link in der E-Mail oder geben Sie hier den Code daraus ein. Der Code gilt nur in dem Browser, in dem Sie ihn angefordert haben.
magic-link-wait-link = Öffnen Sie den Link in der E-Mail und drücken Sie dort den Knopf.
magic-link-wait-code = Geben Sie hier den Code aus der E-Mail ein. Er gilt nur in dem Browser, in dem Sie ihn angefordert haben.
    .either = Geben Sie hier den Code aus der Nachricht ein. Er gilt nur in dem Browser, in dem Sie ihn angefordert haben.
    .phone = Geben Sie hier den Code aus der SMS ein. Er gilt nur in dem Browser, in dem Sie ihn angefordert haben.
magic-link-code-hint = 8 Ziffern. Er gilt 10 Minuten lang.

# Hinter dem Link.
magic-link-here-title = Jetzt anmelden
magic-link-here = Noch ein Klick auf den Knopf, und Sie sind angemeldet im Konto von:
magic-link-elsewhere-title = Haben Sie diesen Link angefordert?
magic-link-elsewhere = Er wurde in einem anderen Browser angefordert:
magic-link-elsewhere-what = Wenn Sie das waren, drücken Sie den Knopf. Sie sind dann hier, in diesem Browser, angemeldet im Konto von:
magic-link-elsewhere-button = Das war ich, hier anmelden
magic-link-asked = { $ago } angefordert
magic-link-asked-now = gerade eben angefordert
magic-link-bound-title = Öffnen Sie diesen Link im anderen Browser
magic-link-bound = Er funktioniert nur in dem Browser, in dem er angefordert wurde:
magic-link-again-known = Wenn Sie sich hier anmelden wollen, senden wir eine neue E-Mail an dieselbe Adresse.
notice-secured-by-mail = Ihr Konto ist wieder sicher: Alle sind abgemeldet. Sie können sich jetzt anmelden.
magic-link-again = Neue E-Mail senden

# Ein Nachweis, den eine E-Mail nicht ersetzt.
step-up-no-password = Was jetzt kommt, ist heikel, und ein Link oder Code aus einer E-Mail genügt dafür nicht. Ihr Konto hat noch kein Passwort. Wir senden Ihnen eine E-Mail, mit der Sie eines wählen; danach melden Sie sich damit an und können fortfahren.
    .either = Was nun kommt, ist heikel, und ein Link oder Code aus einer Nachricht reicht dafür nicht. Ihr Konto hat noch kein Passwort. Wir senden Ihnen eine Nachricht, mit der Sie eines wählen; danach melden Sie sich bitte damit an und machen weiter.
    .phone = Was nun kommt, ist heikel, und ein Code aus einer SMS reicht dafür nicht. Ihr Konto hat noch kein Passwort. Wir senden Ihnen eine SMS, mit der Sie eines wählen; danach melden Sie sich bitte damit an und machen weiter.
step-up-mail-again = Was jetzt kommt, ist heikel; bitte melden Sie sich noch einmal an. Wir senden Ihnen dafür eine E-Mail, und danach kommen Sie hierher zurück.
    .either = Was nun kommt, ist heikel, daher melden Sie sich bitte noch einmal an: Wir senden Ihnen dafür eine Nachricht, und Sie kommen hierher zurück.
    .phone = Was nun kommt, ist heikel, daher melden Sie sich bitte noch einmal an: Wir senden Ihnen dafür eine SMS, und Sie kommen hierher zurück.
step-up-by-mail = Sie haben sich per E-Mail angemeldet, das genügt hier nicht. Wenn Sie kein Passwort zur Hand haben, können Sie ein neues festlegen:
    .either = Sie haben sich mit einer Nachricht angemeldet, und das reicht hier nicht. Wenn Sie kein Passwort zur Hand haben, können Sie ein neues festlegen:
    .phone = Sie haben sich mit einer SMS angemeldet, und das reicht hier nicht. Wenn Sie kein Passwort zur Hand haben, können Sie ein neues festlegen:

# Im Protokoll.
audit-user-sign-in-mail-requested = Anmeldung per E-Mail angefordert
audit-user-unproven-password-voided = Passwort aus der Registrierung ungültig gemacht
