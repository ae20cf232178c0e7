# Django's SMTP backend: mails with attachments, HTML, Bcc, a refused recipient, and several by one connection.
# package: python3-django
# file: django/core/mail/backends/smtp.py
# change: s/^import smtplib$/from envoi import smtplib/
# server: tls
# server: login
# refuses: nobody@example.net
import os

from django.conf import settings
from django.core import mail

settings.configure(EMAIL_HOST="localhost", EMAIL_PORT=int(os.environ["PORT"]), EMAIL_USE_TLS=True, EMAIL_HOST_USER="me",
                   EMAIL_HOST_PASSWORD="secret", DEFAULT_CHARSET="utf-8", USE_TZ=True, TIME_ZONE="UTC", EMAIL_TIMEOUT=30)
print(mail.send_mail("grüße", "Text\n.dot\n", "Me <me@example.org>", ["you@example.net"]))
rich = mail.EmailMultiAlternatives("both", "plain " * 60, "me@example.org", ["You <you@example.net>"],
                                   bcc=["hidden@example.net"], cc=["copy@example.net"], reply_to=["list@example.org"])
rich.attach_alternative("<p>größer</p>", "text/html")
rich.attach("data.bin", bytes(range(256)), "application/octet-stream")
print(rich.send())
with mail.get_connection() as connection:
    letters = [mail.EmailMessage(f"number {n}", "x" * 2000, "me@example.org", [f"you{n}@example.net"]) for n in range(3)]
    print(connection.send_messages(letters))
    print(mail.EmailMessage("partly", "x", "me@example.org", ["you@example.net", "nobody@example.net"],
                            connection=connection).send())
    try:
        mail.EmailMessage("none", "x", "me@example.org", ["nobody@example.net"], connection=connection).send()
    except OSError as error:
        print(type(error).__name__, error.args)
