# SPDX-License-Identifier: MIT
"""Python begins with this in both runs: neither clock nor chance makes their mails different."""
import datetime
import email.utils
import os
import random
import time
import uuid

NOW = 1795000000.0

random.seed(1)
os.getpid = lambda: 4242
uuid.uuid4 = lambda: uuid.UUID(int=random.getrandbits(128), version=4)
email.utils.localtime = lambda *_: datetime.datetime.fromtimestamp(NOW, datetime.timezone.utc)
if os.environ["CLOCK"] != "real":  # that of a program which waits by it
    gmtime, localtime = time.gmtime, time.localtime
    time.time = lambda: NOW
    time.gmtime = lambda seconds=None: gmtime(NOW if seconds is None else seconds)
    time.localtime = lambda seconds=None: localtime(NOW if seconds is None else seconds)
if os.environ["ENVOI_RUN"]:
    import envoi.smtplib
    build = os.environ["ENVOI_RUN"]
    envoi.smtplib.SMTP.library = envoi.Library()
    envoi.smtplib.SMTP.library.set_module_directory(build + "/plugins")
    envoi.smtplib.SMTP.library.set_descriptor_directories(build + "/plugins.d")
