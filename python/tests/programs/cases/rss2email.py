# rss2email: a feed becomes mails, by STARTTLS and a login.
# package: rss2email
# file: rss2email/email.py
# change: s/^import smtplib as _smtplib$/from envoi import smtplib as _smtplib/
# server: tls
# server: login
import os
import pathlib
import sys

import rss2email.main

feed = pathlib.Path("feed.xml")
feed.write_text("""<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><link>http://example.org/</link>
<description>x</description>""" + "".join(f"""<item><title>Größe {n}</title><link>http://example.org/{n}</link><guid>{n}</guid>
<pubDate>Mon, 30 Nov 2026 0{n}:00:00 GMT</pubDate><description>&lt;p&gt;Text {n}, größer&lt;/p&gt;</description></item>"""
                             for n in range(3)) + "</channel></rss>", encoding="utf-8")
pathlib.Path("r2e.cfg").write_text(f"""[DEFAULT]
from = feeds@example.org
to = you@example.net
email-protocol = smtp
smtp-server = localhost
smtp-port = {os.environ["PORT"]}
smtp-auth = True
smtp-username = me
smtp-password = secret
""", encoding="utf-8")
for words in (["add", "news", str(feed.absolute())], ["run"]):
    sys.argv = ["r2e", "-c", "r2e.cfg", "-d", "r2e.json", *words]
    rss2email.main.run()
