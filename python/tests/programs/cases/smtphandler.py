# logging.handlers.SMTPHandler of the standard library, with STARTTLS and a login.
# file: logging/handlers.py
# change: s/^            import smtplib$/            from envoi import smtplib/
# server: tls
# server: login
import logging
import logging.handlers
import os

handler = logging.handlers.SMTPHandler(("localhost", int(os.environ["PORT"])), "me@example.org",
                                       ["admin@example.net", "second@example.net"], "an error", ("me", "secret"), ())
logging.getLogger().addHandler(handler)
logging.error("the disk of %s is full: größer wäre besser", "box")
try:
    1 / 0
except ZeroDivisionError:
    logging.exception("again")
