/* SPDX-License-Identifier: MIT */
#include "reply/stranger.h"

#include "base/text.h"

#include <string.h>

struct stranger {
    const char *mark; /* in any case of letters */
    size_t len;
    const char *remark;
};

#define MARK(text) text, sizeof text - 1

#define TLS     "this port speaks TLS from the first octet: use implicit TLS"
#define HTTP    "this looks like an HTTP server"
#define IMAP    "this looks like an IMAP server"
#define POP3    "this looks like a POP3 server"
#define FTP     "its greeting is that of an FTP server"
#define OF_LMTP "its greeting is that of an LMTP server"

/* The beginning of a line. */
static const struct stranger lines[] = {
    {MARK("\x16\x03"), TLS},
    {MARK("\x15\x03"), TLS},
    {MARK("SSH-"), "this looks like an SSH server"},
    {MARK("* OK"), IMAP},
    {MARK("* PREAUTH"), IMAP},
    {MARK("* BYE"), IMAP},
    {MARK("+OK"), POP3},
    {MARK("-ERR"), "this looks like a POP3 server, or Redis"},
    {MARK("HTTP/"), HTTP},
    {MARK("<!DOCTYPE"), HTTP},
    {MARK("<html"), HTTP},
    {MARK("\"IMPLEMENTATION\""), "this looks like a ManageSieve server"},
    {MARK("<?xml"), "this looks like an XMPP server"},
    {MARK("<stream:"), "this looks like an XMPP server"},
    {MARK("@RSYNCD"), "this looks like an rsync server"},
    {MARK("RFB "), "this looks like a VNC server"},
    {MARK("AMQP"), "this looks like an AMQP server"},
    {MARK("\xff\xfb"), "this looks like a Telnet server"},
    {MARK("\xff\xfd"), "this looks like a Telnet server"},
};

/* A word of a greeting. The first row is for servers that speak SMTP, whatever else their name has in it. */
static const struct stranger words[] = {
    {MARK("SMTP"), NULL},
    {MARK("LMTP"), OF_LMTP},
    {MARK("FTP"), FTP},
    {MARK("FileZilla"), FTP},
};

const char *stranger_of_line(const char *line, size_t len)
{
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (len >= lines[i].len && text_equal_n(line, lines[i].mark, lines[i].len))
            return lines[i].remark;
    return NULL;
}

const char *stranger_of_greeting(const char *text)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        for (size_t at = 0, len = strlen(text); at + words[i].len <= len; at++)
            if (text_equal_n(text + at, words[i].mark, words[i].len))
                return words[i].remark;
    return NULL;
}
