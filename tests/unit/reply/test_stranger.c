/* SPDX-License-Identifier: MIT */
#include "reply/stranger.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct {
    const char *line, *word; /* word NULL: nothing known */
} lines[] = {
    {"SSH-2.0-OpenSSH", "SSH"},
    {"* OK ready", "IMAP"},
    {"* BYE", "IMAP"},
    {"+OK", "POP3"},
    {"-ERR no", "POP3"},
    {"HTTP/1.1 400", "HTTP"},
    {"<HTML>", "HTTP"},
    {"<!doctype html>", "HTTP"},
    {"\x15\x03\x01", "TLS"},
    {"\x16\x03\x03", "TLS"},
    {"RFB 003.008", "VNC"},
    {"@RSYNCD: 31.0", "rsync"},
    {"<?xml?>", "XMPP"},
    {"\xff\xfd\x18", "Telnet"},
    {"AMQP", "AMQP"},
    {"\"IMPLEMENTATION\" \"x\"", "Sieve"},
    {"", NULL},
    {"250 ok", NULL},
    {"SSH", NULL},
    {" SSH-2.0", NULL},
    {"*", NULL},
    {"\x16", NULL},
    {"hello", NULL},
};

static const struct {
    const char *greeting, *word;
} greetings[] = {
    {"ProFTPD Server", "FTP"},
    {"(vsFTPd 3.0.3)", "FTP"},
    {"FileZilla Server", "FTP"},
    {"mx LMTP ready", "LMTP"},
    {"ftp.example ESMTP", NULL},
    {"mx.example", NULL},
    {"", NULL},
    {"lmtp and smtp", NULL},
};

/* faults: F8 */
Test(stranger, lines, .timeout = 10)
{
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *remark = stranger_of_line(lines[i].line, strlen(lines[i].line));

        cr_expect_eq(!remark, !lines[i].word, "%s", lines[i].line);
        cr_expect(!remark || strstr(remark, lines[i].word), "%s: %s", lines[i].line, remark);
    }
}

/* faults: F8 */
Test(stranger, greetings, .timeout = 10)
{
    for (size_t i = 0; i < sizeof greetings / sizeof greetings[0]; i++) {
        const char *remark = stranger_of_greeting(greetings[i].greeting);

        cr_expect_eq(!remark, !greetings[i].word, "%s", greetings[i].greeting);
        cr_expect(!remark || strstr(remark, greetings[i].word), "%s: %s", greetings[i].greeting, remark);
    }
}
