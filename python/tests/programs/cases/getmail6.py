# getmail: fetches by POP3 and delivers by LMTP.
# package: getmail6
# file: getmailcore/destinations.py
# change: s/^import smtplib$/from envoi import smtplib/
# server: pop3
# server: lmtp
import os
import pathlib
import runpy
import sys

pathlib.Path("getmailrc").write_text(f"""[retriever]
type = SimplePOP3Retriever
server = 127.0.0.1
port = {os.environ["POP3"]}
username = me
password = secret

[destination]
type = MDA_lmtp
host = 127.0.0.1
port = {os.environ["PORT"]}
override = you@example.net

[options]
delete = true
received = false
delivered_to = false
""", encoding="utf-8")
work = os.environ["WORK"]
sys.argv = ["getmail", "--getmaildir=" + work, "--rcfile=getmailrc", "--quiet"]
runpy.run_path(os.environ["ROOT"] + "/usr/bin/getmail", run_name="__main__")
