"""What a customer reads on the page for a first password, in the languages of the plug-ins' pages."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """`{shortest}` is the least number of characters of a password."""

    title: str
    about: tuple[str, str]
    """Before and after the address."""
    password: str
    again: str
    button: str
    gone: str
    different: str
    not_fit: str
    rejected: str
    failed: str
    done: str
    later: str
    too_many: str
    away: str


ENGLISH = Words(
    title="Set your password",
    about=("For the mailbox", ". This link can set one password."),
    password="New password, {shortest} characters or more",  # noqa: S106 - a sentence
    again="The same again",
    button="Set the password",
    gone="This link does not work, or works no more: it was used, it is older than three days, or "
    "a password was set since. Ask your provider for a new one.",
    different="The two passwords are not the same.",
    not_fit="Choose {shortest} to 54 characters without a space: letters, digits and signs as on an "
    'English keyboard, but not ".',
    rejected="The mail system did not take this password. Choose another one, with capitals and "
    "digits.",
    failed="Your password could not be set. Ask your provider to look into it.",
    done="Your password is set. You can sign in to your mailbox now.",
    later="Your password is being set. This may take some minutes; you need not wait here.",
    too_many="Too many attempts. Wait 15 minutes and open the link again.",
    away="This page cannot be used just now. Open the link again in some minutes; it still works.",
)
GERMAN = Words(
    title="Passwort festlegen",
    about=("Für das Postfach", ". Mit diesem Link lässt sich ein Passwort festlegen."),
    password="Neues Passwort, mindestens {shortest} Zeichen",  # noqa: S106 - a sentence
    again="Noch einmal dasselbe",
    button="Passwort festlegen",
    gone="Dieser Link funktioniert nicht oder nicht mehr: Er wurde benutzt, ist älter als drei Tage, "
    "oder es wurde inzwischen ein Passwort festgelegt. Fragen Sie Ihren Anbieter nach einem neuen.",
    different="Die beiden Passwörter sind nicht gleich.",
    not_fit="Wählen Sie {shortest} bis 54 Zeichen ohne Leerzeichen: Buchstaben ohne Umlaute, Ziffern "
    'und Zeichen wie auf einer englischen Tastatur, aber nicht ".',
    rejected="Das Mailsystem hat dieses Passwort nicht angenommen. Wählen Sie ein anderes, mit "
    "Großbuchstaben und Ziffern.",
    failed="Ihr Passwort konnte nicht festgelegt werden. Bitten Sie Ihren Anbieter, nachzusehen.",
    done="Ihr Passwort ist festgelegt. Sie können sich jetzt in Ihrem Postfach anmelden.",
    later="Ihr Passwort wird festgelegt. Das kann einige Minuten dauern; Sie müssen hier nicht warten.",
    too_many="Zu viele Versuche. Warten Sie 15 Minuten und öffnen Sie den Link noch einmal.",
    away="Diese Seite ist gerade nicht verfügbar. Öffnen Sie den Link in einigen Minuten noch einmal; "
    "er gilt weiterhin.",
)
SPANISH = Words(
    title="Establezca su contraseña",
    about=("Para el buzón", ". Con este enlace se puede establecer una contraseña."),
    password="Contraseña nueva, de {shortest} caracteres o más",  # noqa: S106 - a sentence
    again="Otra vez la misma",
    button="Establecer la contraseña",
    gone="Este enlace no funciona o ya no funciona: se ha usado, tiene más de tres días o desde "
    "entonces se ha establecido una contraseña. Pida uno nuevo a su proveedor.",
    different="Las dos contraseñas no son iguales.",
    not_fit="Elija de {shortest} a 54 caracteres sin espacios: letras sin acento ni eñe, cifras y signos "
    'como en un teclado inglés, pero no ".',
    rejected="El sistema de correo no ha aceptado esta contraseña. Elija otra, con mayúsculas y cifras.",
    failed="No se ha podido establecer su contraseña. Pida a su proveedor que lo revise.",
    done="Su contraseña está establecida. Ya puede iniciar sesión en su buzón.",
    later="Se está estableciendo su contraseña. Puede tardar unos minutos; no hace falta que espere aquí.",
    too_many="Demasiados intentos. Espere 15 minutos y abra el enlace otra vez.",
    away="Esta página no está disponible en este momento. Abra el enlace de nuevo dentro de unos minutos; "
    "sigue siendo válido.",
)
WORDS: Mapping[str, Words] = {"en": ENGLISH, "de": GERMAN, "es": SPANISH}
"""By the language that the browser asks for; the first where it asks for none of them."""
