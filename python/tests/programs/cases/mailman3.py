# Mailman 3 delivers a post to a list: in bulk, and personalised for each member; one member is refused.
# package: mailman3
# file: mailman/mta/connection.py
# change: s/^import smtplib$/from envoi import smtplib/
# file: mailman/mta/base.py
# change: s/^import smtplib$/from envoi import smtplib/
# server: plain
# clock: real
# refuses: nobody@example.net
import email
import os
import pathlib

from mailman.core.initialize import initialize
from mailman.email.message import Message

work = os.environ["WORK"]
pathlib.Path("mailman.cfg").write_text(f"""[mailman]
layout: tmp
site_owner: site@example.org
[paths.tmp]
var_dir: {work}/var
[mta]
smtp_host: localhost
smtp_port: {os.environ["PORT"]}
incoming: mailman.mta.null.NullMTA
max_sessions_per_connection: 2
""", encoding="utf-8")
initialize(work + "/mailman.cfg")

from mailman.app.lifecycle import create_list  # noqa: E402
from mailman.mta.bulk import BulkDelivery  # noqa: E402
from mailman.interfaces.domain import IDomainManager  # noqa: E402
from mailman.mta.decorating import DecoratingDelivery  # noqa: E402
from zope.component import getUtility  # noqa: E402

members = [f"m{n}@example.{tld}" for n in range(4) for tld in ("net", "com")] + ["nobody@example.net"]
getUtility(IDomainManager).add("example.org")
mlist = create_list("list@example.org")
text = pathlib.Path(os.environ["LETTER"]).read_bytes()
for delivery in (BulkDelivery(2), BulkDelivery(), DecoratingDelivery()):
    letter = email.message_from_bytes(text, Message)
    print(sorted(delivery.deliver(mlist, letter, {"recipients": members}).items()))
