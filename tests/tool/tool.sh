#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tool.sh ENVOI SCRIPTED PLUGINS.D MODULES CERTIFICATES [LOG]: the program envoi as a whole, with its exit codes and what it prints, against
# the embedded server of tests/servers and against tool_scripted. Ends with 77 if a part had to be skipped.
set -eu
ENVOI=$1 SCRIPTED=$2 PLUGINS_D=$3 MODULES=$4 CERTIFICATES=$5
# All that the program has printed, for scripts/texts.
TEXTS=${6:-/dev/null}
HERE=$(cd "$(dirname "$0")" && pwd)
TYPIST=$(cd "$(dirname "$0")" && pwd)/typist.py
SERVERS=$(cd "$(dirname "$0")/../servers" && pwd)
PASSWORD='s3cret pass'
TOKEN='tok3n.of-alice~1+/=='

WORK=$(mktemp -d)
chmod 755 "$WORK"
PID=
finish() {
    code=$?
    [ -z "$PID" ] || kill "$PID" 2>/dev/null || true
    [ ! -d "$WORK/server" ] || sh "$SERVERS/aiosmtpd.sh" stop "$WORK/server" || true
    rm -rf "$WORK"
    exit "$code"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
cd "$WORK"
# What the person at this machine has set must not change what is tested.
unset ENVOI_TLS_BACKEND ENVOI_ACCOUNT XDG_CONFIG_HOME || true
HOME=$WORK
export HOME

# In clear, and in each way that base64 may have them.
secrets() { printf '%s\n' "$PASSWORD" czNjcmV0IHBhc3M MzY3JldCBwYXNz "$TOKEN" b2YtYWxpY2 vZi1hbGljZ 9mLWFsaWNl; }
# shellcheck source=tests/tool/check.sh
. "$HERE/check.sh"

BEFORE= # what runs the program
run() { # ARG...: runs envoi; standard input is the caller's
    CODE=0
    $BEFORE "$ENVOI" --plugins-d "$PLUGINS_D" --module-dir "$MODULES" "$@" >out 2>err || CODE=$?
}

send() { # ARG...: sends from alice
    run send --timeout 20 --from alice@test "$@"
}

# ---- what needs no server

printf 'From: alice@test\nTo: bob@test\nSubject: hello\n\nA line.\n.dot\n' >letter
printf 'Subject: hello\n\n' >unnamed
printf '%s\n' "$PASSWORD" >password
printf '%s\n' "$TOKEN" >token
printf 'wrong\n' >wrong
chmod 600 password token wrong

usage_cases() {
    CODE=0; "$ENVOI" >out 2>err </dev/null || CODE=$?
    check 'no command' 64 err '^envoi: no command'
    run --help;                     check '--help' 0 out '^Usage: envoi' out 'plugins'
    run send --help;                check 'send --help' 0 out '--password-command'
    run --help probe;               check '--help before the command' 0 out '^Usage: envoi probe'
    run --version;                  check '--version' 0 out '^envoi [0-9]'
    run frobnicate;                 check 'unknown command' 64 err frobnicate
    run send --no-such;             check 'unknown option' 64 err no-such
    run send --from a@b --to c@d letter;        check 'no --host' 64 err '--host'
    send --host localhost letter;               check 'no --to' 64 err '--to'
    run send --host localhost --to a@b letter;  check 'no --from' 64 err '--from'
    send --host localhost --to a@b one two;     check 'two messages' 64
    send --host localhost --port 0 --to a@b letter;  check 'port 0' 64 err "--port '0': it is a number"
    # faults: 80
    send --host localhost --to a@b --password=x letter
    check 'a password in argv' 64 err 'command line'
    send --host localhost --to a@b --token=x letter
    check 'a token in argv' 64 err 'command line' err '--token-command'
    send --host localhost --to a@b --user alice --token-file token --password-file password letter
    check 'a token and a password' 64 err 'exclude'
    send --host localhost --to a@b --token-command 'cat token' letter
    check 'a token without --user' 64 err '--user'
    send --host localhost --to a@b --password-file password letter
    check 'a password without --user' 64 err '--user'
    run probe;                      check 'no host to probe' 64
}

data_cases() {
    send --host localhost --to 'a b@c' letter;     check 'a wrong recipient' 65 err 'a b@c'
    run send --host localhost --from 'x y@z' --to a@b letter;  check 'a wrong sender' 65 err 'x y@z'
    # faults: 52
    line_end=$(printf 'a@b\nRCPT TO:<c@d>')
    send --host localhost --to "$line_end" letter; check 'a line end in an address' 65 out '!.'
    send --host localhost --to a@b /nonexistent;   check 'no message file' 65 err '/nonexistent'
    send --host localhost --to a@b --json /nonexistent
    check 'no message file, as JSON' 65 out '"result": "error"' out '"name": "ENVOI_E_CONTENT"'
    send --host localhost --to a@b .;              check 'a directory as message' 65 err directory
    send --host localhost -t <unnamed;             check 'nobody named in the message' 65
}

# What is sent has to be a message, and nobody who is named in it is passed over.
content_cases() {
    piped() { # TEXT ARG...: the text is a format of printf
        # shellcheck disable=SC2059  # that is what it is
        printf "$1" >piped
        shift
        send --host localhost "$@" <piped
    }
    # faults: F4
    piped '\357\273\277To: a@x\nCc: b@x\n\n' -t;          check 'a byte order mark, -t' 65 err 'byte order mark.*without one'
    piped '\357\273\277Bcc: a@x\nTo: b@x\n\n' --to b@x;   check 'a byte order mark, --to' 65 err 'byte order mark'
    # faults: S6
    awk 'BEGIN {printf "To: "; for (i = 0; i < 60000; i++) printf "a:"; print "\n"}' >deep
    send --host localhost -t deep;                          check 'groups in groups' 65 err "To: 'a:a:.*[.][.][.]'.*groups in it"
    # faults: S7
    piped 'To: (John a@x\nCc: b@y\n\n' -t;                  check 'a comment that is not closed' 65 err "To: '(John a@x'"
    piped 'To: a@x <>\n\n' -t;                              check 'empty brackets' 65 err "'a@x <>'"
    piped ' Bcc: s@x\nTo: b@x\n\n' -t;                      check 'the header begins with a blank' 65 err "' Bcc: s@x'"
    piped 'To: b@x\nBcc\n : s@x\n\n' -t;                    check 'a name without a colon' 65 err "no field: 'Bcc'.*remove"
    piped 'Resent-To: b@x\n\n' -t;                          check 'a field Resent-To' 65 err 'Resent-To.*--to'
    # faults: U10
    piped '' --to b@x;                                      check 'an empty message' 65 err 'is empty'
    piped 'Error: disk full\n' --to b@x;                    check 'a line is no header' 65 err "'Error: disk full'; .*empty line"
    piped 'a@x' --to 'b@x, c d' ;                           check 'a list with a wrong entry' 65 err "--to: 'c d' .*','"
    piped 'a@x' --to '';                                    check 'an empty --to' 64 err '--to is empty'
    # faults: F16
    send --host localhost --to 'a..b@x' letter;             check 'an address with the reason' 65 err '"a[.][.]b@x".*need quotes'
    send --host localhost --to a@x --rcpt-options 'ORCPT=rfc822;a+b@x' letter
    check 'a parameter with the reason' 64 err '^envoi: --rcpt-options: "ORCPT=rfc822;a+b@x": .*+2B'
    # faults: F17
    run send --host localhost --to b@x --from '' letter;    check 'an empty --from' 64 err "'<>'"
    piped 'a@x' --to b@x --keep-bcc --drop-bcc;             check 'Bcc both ways' 64 err 'exclude'
    piped 'a@x' -t --keep-bcc;                              check '-t and --keep-bcc' 64 err 'exclude'
    piped 'a@x' --to b@x --quiet --json;                    check '--quiet and --json' 64 err 'exclude'
}

delivery_cases() {
    send --host localhost --to a@x --without 'CHUNKING;DSN' letter
    check '--without, and no keyword' 64 err "--without 'CHUNKING;DSN'.*keywords of EHLO"
    wish() { # OPTION VALUE PATTERN: the value is refused
        send --host localhost --to a@x "--$1=$2" letter
        check "--$1 '$2'" 64 err "^envoi: --$1.*$3"
    }
    for value in 0 -5 x '' 1000000000 60:notify 60:return:x 60x; do wish deliver-by "$value" 'from 1 to 999999999'; done
    for value in 0 -1 '1 ' 1h; do wish hold-for "$value" 'from 1 to 999999999'; done
    for value in tomorrow 2026-12-01 2026-12-01T08:00:00 2026-12-01T08:00:00z 2026-12-01T08:00:00+1:00 \
        2026-13-01T08:00:00Z 2026-02-29T08:00:00Z 2100-02-29T08:00:00Z 2026-12-00T08:00:00Z \
        2026-12-01T24:00:00Z 2026-12-01T08:60:00Z 2026-12-01T08:00:00+01:00x ' 2026-12-01T08:00:00Z'; do
        wish hold-until "$value" 'such as 2026-12-01T08:00:00Z'
        wish valid-since "$value" 'such as 2026-12-01T08:00:00Z'
    done
    for value in 10 -10 high ''; do wish mt-priority "$value" 'from -9 to 9'; done
    send --host localhost --to a@x --submitter a..b@x letter
    check '--submitter with the reason' 65 err '^envoi: --submitter: .*need quotes'
    send --host localhost --to a@x --hold-for 1 --hold-until 2026-12-01T08:00:00Z letter
    check '--hold-for and --hold-until' 64 err 'exclude one another'
}

# A message that the program has made, and what is done to one that is there. PEER: what the server got.
compose_cases() {
    [ -x "$(dirname "$ENVOI")/envoi-compose" ] || { SKIPPED="envoi-compose was not built"; return 0; }
    LETTER='Date:.*From:.*Subject:'
    printf 'Gr\303\274\303\237e\n' >text
    printf 'a,b\n' >report.csv
    run compose --from 'Alice <alice@test>' --to bob@test,carol@test --subject "$(printf 'T\303\244glich')" text
    check 'a text with umlauts' 0 out '^From: Alice <alice@test>$' out '^To: bob@test, carol@test$' out '^Message-I[Dd]: <.*@test>$' \
        out '^Date: ' out '^Content-Transfer-Encoding: \(quoted-printable\|base64\)$' out '^MIME-Version: 1.0$'
    ! LC_ALL=C grep -q '[^ -~]' out || CODE=999
    check 'and all of it is ASCII' 0
    run compose --from alice@test --body 'see below' --attach report.csv --attach text
    check 'attachments' 0 out '^Content-Type: multipart/mixed' out 'attachment; filename=report.csv' out '^YSxiCg==$'
    run compose --from alice@test --subject 'a
Bcc: x@test' --body x
    check 'a line end in the subject' 64 err '--subject .*control'
    mkdir -p alone && cp "$ENVOI" alone
    CODE=0; alone/envoi send --host localhost --from a@b --to c@d --subject x text >out 2>err || CODE=$?
    check 'envoi-compose is not there' 71 err 'cannot run .*alone/envoi-compose.*package envoi-compose'
    run compose --body x;                                   check 'no author' 64 err '--from is missing'
    printf 'Gr\374\337e\n' >latin
    run compose --from a@b latin;                           check 'a text that is not UTF-8' 65 err 'not UTF-8.*--attach'
    run compose --from a@b --attach /nonexistent --body x;  check 'no such attachment' 65 err '/nonexistent'
    run compose --from a@b --to ' , ' --body x;             check 'no address' 65 err '--to'
    # 8-bit content and its encodings.
    printf 'From: a@b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGr\303\274\303\237e\n' >eight
    run compose --downgrade eight
    check 'an 8-bit message' 0 out '^R3LDvMOfZQo=$' out '^MIME-Version: 1.0$' out '^From: a@b$'
    printf 'DKIM-Signature: v=1\n' | cat - eight >signed
    run compose --downgrade signed;                         check 'a signed one' 65 err 'DKIM-Signature.*break'
    printf 'From: \303\274@b\n\nx\n' >header
    run compose --downgrade header;                         check 'an 8-bit header' 65 err 'SMTPUTF8'
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<'
    send --host 127.0.0.1 --port "$PORT" --tls off --to bob@test --downgrade --trace --trace eight; scripted_end
    check '--downgrade, no 8BITMIME' 0 err 'R3LDvMOfZQo=' err 'encoded anew'
    scripted '220 x' '<' '250-x' '250 8BITMIME' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<'
    send --host 127.0.0.1 --port "$PORT" --tls off --to bob@test --downgrade --trace --trace eight; scripted_end
    check '--downgrade, 8BITMIME' 0 err 'BODY=8BITMIME' err '!R3LDvMOfZQo='
    scripted '220 x' '<' '250 x' '<'
    send --host 127.0.0.1 --port "$PORT" --tls off --to bob@test --downgrade signed; scripted_end
    check '--downgrade, a signed message' 65 err 'DKIM-Signature'
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<'
    printf 'all is well\n' >well
    send --host 127.0.0.1 --port "$PORT" --tls off --to bob@test --subject Report --attach report.csv \
        --trace --trace <well
    scripted_end
    check 'a report in one line' 0 err 'To: bob@test' err 'Subject: Report' err 'all is well' err 'filename=report.csv'
    send --host localhost -t --subject x text;              check '-t and --subject' 64 err '-t reads one'
    run send --host localhost --from '<>' --to a@b --subject x text; check 'a report of nobody' 64 err 'need an author'
    send --host localhost --to a@b --body x text;           check '--body and a file' 64 err 'exclude one another'
}

long_line_cases() {
    { printf 'Subject: x\n\n'; awk 'BEGIN { printf "%0999d\n", 1 }'; } >wide
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<'
    send --host 127.0.0.1 --port "$PORT" --tls off --to bob@test wide; scripted_end
    check 'a line of 999 octets' 0 err '!.'
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<'
    send --host 127.0.0.1 --port "$PORT" --tls off --to bob@test --long-lines warn wide; scripted_end
    check '--long-lines warn' 0 err '^envoi: warning: .*a line of 999 octets'
    scripted '220 x' '<' '250 x' '<'
    send --host 127.0.0.1 --port "$PORT" --tls off --to bob@test --long-lines refuse wide; scripted_end
    check '--long-lines refuse' 65 err 'a line of 999 octets, and 998 are the most'
    send --host localhost --to a@b --long-lines fold wide;   check '--long-lines fold' 64 err 'pass, refuse, warn'
}

# Octets of a pipe that are too many for memory are read before anything is sent: 8-bit ones are refused as of a file.
pipe_cases() {
    { printf 'Subject: large\n\n'; awk 'BEGIN { for (i = 0; i < 3000; i++) printf "%070d\n", i; print "Gr\303\274\303\237e" }'; } >large
    scripted '220 x' '<' '250 x' '<'
    # faults: F12
    send --host 127.0.0.1 --port "$PORT" --tls off --to bob@test --json <large; scripted_end
    check '8-bit octets far behind in a pipe' 69 out 'ENVOI_E_NOT_SUPPORTED' out '"verdict": "not attempted"'
    grep -v Gr large >plain
    scripted '220 x' '<' '250 SIZE 1000' '<'
    scripted_end
    scripted '220 x' '<' '250-x' '250 SIZE 1000' '<'
    send --host 127.0.0.1 --port "$PORT" --tls off --to bob@test <plain; scripted_end
    check 'a pipe is too large' 69 err 'at most 1000'
    printf 'Subject: x\nBcc: s@test\n\nbody\n' >short
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<'
    send --host 127.0.0.1 --port "$PORT" --tls off --to bob@test --add-missing --trace --trace <short; scripted_end
    check '--add-missing' 0 err '>> Date: ' err '>> From: alice@test' err '>> Message-ID: <.*@test>' err '!Bcc' err 'body'
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<'
    printf 'Date: today\nFrom: x@y\nMessage-ID: <1@y>\n\nbody\n' >whole
    send --host 127.0.0.1 --port "$PORT" --tls off --to bob@test --add-missing --trace --trace whole
    scripted_end
    check '--add-missing, and nothing is' 0 err '>> Date: today' err '!From: alice@test' err 'Message-ID: <1@y>'
    send --host localhost --to a@b --add-missing --keep-bcc letter;  check '--add-missing and --keep-bcc' 64 err 'exclude'
}

config_cases() {
    send --host localhost --to a@b --ca /nonexistent letter;  check 'no CA file' 78 err '--ca.*/nonexistent'
    send --host localhost --to a@b --cert . letter;           check 'a directory as certificate' 78 err '--cert'
    send --host localhost --to a@b --user alice --password-file /nonexistent letter
    check 'no password file' 78 err '--password-file.*/nonexistent'
    send --host localhost --to a@b --user alice --password-command 'exit 3' letter
    check 'a password command that fails' 78 err 'exit code 3'
    send --host localhost --to a@b --user alice --token-file /nonexistent letter
    check 'no token file' 78 err '--token-file.*/nonexistent'
    send --host localhost --to a@b --user alice --token-command true letter
    check 'a token command that prints nothing' 78 err '--token-command: .*nothing'
    send --host localhost --to a@b --pin 123 letter;          check 'a wrong pin' 64 err '--pin.*64'
    send --host localhost --to a@b --mail-options '=' letter; check 'a wrong parameter' 64 err '--mail-options'
    send --host localhost --to a@b --helo 'x y' letter;       check 'a wrong name' 64 err '--helo'
    send --host localhost --to a@b --source localhost letter; check 'a wrong source' 64 err '--source.*IP address'
    run --plugins-d /nonexistent plugins;                     check 'no such --plugins-d' 78 err '/nonexistent'
}

plugin_cases() {
    run plugins;        check 'plugins' 0 out '^openssl *transport' out '^plain *auth *PLAIN' err '!.'
    run plugins --why;  check 'plugins --why' 0 out '^openssl' out 'priority  *10  *\(.*/openssl.plugin:[0-9]\|built in\)' out '^  state' out '^  require-tls  *no  *default'
    run plugins --json; check 'plugins --json' 0 out '"plugins": \[' out '"source":' out '"warnings": \[\]'
    run plugins --dump
    check 'plugins --dump' 0 out '^openssl\.kind=transport$' out '^openssl\.kind\.source=\(.*/openssl.plugin:[0-9]*\|built in\)' \
        out '^plain\.provides=PLAIN$' out '!prefer' out '^plain\.state=' out '!^[^=]*[^a-z0-9_.=-]' err '!.'
    run plugins --dump plain;  check '--dump of a plugin' 0 out '^plain\.enabled=yes$' out '!openssl' err '!.'
    run plugins --dump --json; check '--dump and --json' 64 err 'use one of them'
    run plugins --check;       check 'plugins --check' 0 out '^openssl *transport .*loaded' err '!.'
    run plugins plain;         check 'a plugin by name' 0 out '^plain' out '!openssl' err '!.'
    run plugins plain nonesuch --json
    check 'no such plugin' 78 out '"plain"' err "there is no plugin 'nonesuch'"
    # Where all plugins are built in there may be no loader of modules.
    [ ! -e "$MODULES/plain.so" ] || module_cases
}

module_cases() {
    mkdir -p broken/d broken/m
    for id in missing cut open mine other; do
        printf 'kind: auth\nprovides: X-%s\nmodule: %s.so\nabi: 1\n' "$(echo "$id" | tr '[:lower:]' '[:upper:]')" "$id" >broken/d/$id.plugin
        cp "$MODULES/plain.so" broken/m/$id.so
    done
    printf 'enabled: no\n' >>broken/d/mine.plugin
    rm broken/m/missing.so
    head -c 3000 "$MODULES/plain.so" >broken/m/cut.so
    chmod 777 broken/m/open.so
    odd() { # ARG...
        CODE=0
        "$ENVOI" plugins --plugins-d broken/d --module-dir broken/m "$@" >out 2>err || CODE=$?
    }
    odd --why
    # faults: U7
    check 'a module that is missing, or others can write' 0 out 'absent .*missing.so: No such file' out 'unusable .*open.so' \
        out 'available'
    odd --dump missing
    check '--dump of one that is missing' 78 out '^missing\.state=absent$' out '^missing\.state\.source=.*No such file' err .
    odd missing;               check 'by name: 78' 78 err 'plugin missing is absent: not installed for this architecture .*No such file'
    odd open;                  check 'and this one' 78 err 'plugin open is unusable: .*open.so'
    odd mine;                  check 'a disabled one by name' 78 err 'plugin mine is disabled: .*mine.plugin:5'
    odd cut;                   check 'a cut one' 78 err 'plugin cut is unusable: .*cut.so: .*3000 octets'
    odd other;                 check 'no symbol is not seen' 0
    odd other --check;         check 'unless it is loaded' 78 err 'plugin other is unusable: .*envoi_plugin_other'
    odd --check;               check 'all of them' 78 err 'cut is' err 'open is' err '!missing is' err '!mine is'
    mkdir -p strange
    printf 'kind: auth\nprovides: X-ODD\nmodule: plain.so\nabi: 1\ncolour: green\n' >strange/odd.plugin
    CODE=0
    "$ENVOI" plugins --plugins-d strange >out 2>err || CODE=$?
    check 'a warning about a descriptor' 0 out '^odd' err 'odd.plugin:5'
}

# ---- a server that answers from a script

scripted() { # STEP...: starts it, sets PORT
    [ -p ports ] || mkfifo ports
    "$SCRIPTED" "$@" >ports 2>scripted.log &
    PID=$!
    read -r PORT <ports
}

scripted_end() {
    kill "$PID" 2>/dev/null || true
    wait "$PID" 2>/dev/null || true
    PID=
}

from_pipe() { # FILE: what is read from ./pipe
    [ -p pipe ] || mkfifo pipe
    cat "$1" >pipe &
}

plain_send() { # ARG...: to the scripted server
    send --host 127.0.0.1 --port "$PORT" --tls off --to bob@test --json "$@" letter
    scripted_end
}

# What the server was told is its log, which tool_scripted does not keep: the trace has it.
probe_steps() {
    step() { # ARG...: of a probe of the scripted server
        run probe 127.0.0.1 --port "$PORT" --tls off --trace "$@"
        scripted_end
    }
    scripted '220 x' '<<';                       step --stop-after greeting
    check 'probe, to the greeting' 0 out '^Greeting: 220 x' out '!Extensions' err '!EHLO' err 'QUIT'
    scripted '220 x' '<' '250 x' '<<';           step --drop-after ehlo
    check 'probe, dropped after EHLO' 0 out '^Extensions: none' err 'EHLO' err '!QUIT'
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '550 5.1.1 no such user' '<' '221 bye'
    step --stop-after rcpt --to bob@test --to nobody@test --json
    check 'probe, a recipient is refused' 69 err 'MAIL FROM:<>' err 'RCPT TO:<nobody@test>' err 'QUIT' out '"step": "rcpt"' \
        out '"code": 550' out 'no such user'
    scripted '220 x' '<' '250 x' '<' '250 ok' '<<'
    step --drop-after mail --from alice@test
    check 'probe, dropped after MAIL' 0 err 'MAIL FROM:<alice@test>' err '!RCPT' err '!QUIT' out '^  mail  250 ok$'
    scripted '220 x' '<' '250 x' '<' '451 4.7.1 later' '<' '221 bye'
    step --stop-after mail
    check 'probe, MAIL is refused for now' 75 out '^  mail  451 4.7.1 later$'
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<<'
    step --drop-after content --to bob@test --trace
    check 'probe, dropped in the content' 0 err 'DATA' err 'half of a message' err '!QUIT' err '!: [.]$'
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<<'
    step --drop-after data --to bob@test --trace
    check 'probe, dropped after the 354' 0 err 'DATA' err '!half of a message' err '!QUIT'
    scripted '220 x' '<' '250-x' '250 AUTH PLAIN' '<' '535 5.7.8 no' '<' '221 bye'
    step --stop-after auth --user alice --password-file password --allow-cleartext-auth
    check 'probe, a login is refused' 77 err '535 5.7.8 no' out '!s3cret'
    run probe h --stop-after auth;                     check 'probe, who logs in' 64 err '--user is missing'
    run probe h --stop-after rcpt;                     check 'probe, no recipient' 64 err '--to is missing'
    run probe h --stop-after data --to a@b;            check 'probe, stop after DATA' 64 err 'for --drop-after'
    run probe h --drop-after quit;                     check 'probe, no such step' 64 err 'greeting, ehlo'
    run probe h --drop-after mail --stop-after mail;   check 'probe, both ends' 64 err 'exclude one another'
}

scripted_cases() {
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.'
    # faults: 40
    plain_send
    check 'lost after the content' 81 out '"result": "unknown"' out '"verdict": "unknown"' out 'ENVOI_E_UNKNOWN'
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 2.0.0 kept' '<'
    plain_send
    check 'sent, and no answer to QUIT' 0 out '"result": "sent"' out '"code": 250' out '"enhanced": "2.0.0"' \
        out '"text": "kept"' out '!"error"' err '!.'
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '554 5.6.0 no' '<' '221 bye'
    plain_send
    check 'content refused' 69 out '"result": "refused"' out 'ENVOI_E_DATA' out '"code": 554'
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '451 4.3.0 later' '<' '221 bye'
    plain_send
    check 'content refused for now' 75 out '"result": "refused"' out '"verdict": "deferred"'
    scripted '554 go away' '<<'
    plain_send
    check 'a greeting that refuses' 69 out 'ENVOI_E_GREETING' out '"code": 554'
    scripted '421 too busy' '<<'
    plain_send
    check 'a greeting that refuses for now' 75 out 'ENVOI_E_GREETING' out '"code": 421'
    scripted 'SSH-2.0-x' '<<'
    send --host 127.0.0.1 --port "$PORT" --tls off --to bob@test letter
    scripted_end
    # faults: F8
    check 'another protocol' 76 err 'SSH server' err 'is the --port right'
    scripted '220 x' '<' '500 what?' '<' '500 what?' '<' '221 bye'
    send --host 127.0.0.1 --port "$PORT" --tls off --to bob@test letter
    scripted_end
    # faults: F8
    check 'EHLO to LMTP' 69 err 'does it speak LMTP' err '--lmtp'
    scripted '220 x' '<' '502 what?' '<' '221 bye'
    send --host 127.0.0.1 --port "$PORT" --tls off --lmtp --to bob@test letter
    scripted_end
    # faults: F8
    check 'LHLO to SMTP' 69 err 'SMTP, not LMTP' err '--lmtp'
    scripted 'what?' '<<'
    plain_send
    check 'no SMTP' 76 err 'is the --port right' out '"result": "error"' out 'ENVOI_E_PROTOCOL'
    scripted '220 x' '<'
    plain_send
    check 'lost before the transaction' 74 err '--trace' out 'ENVOI_E_DISCONNECTED' out '"verdict": "not attempted"'
    scripted '<<'
    plain_send --timeout 1
    check 'no greeting in time' 74 out 'ENVOI_E_TIMEOUT' err 'TLS from the first octet.*--tls'
    probe_steps
    scripted '<<'
    run probe --timeout 4 127.0.0.1 --port "$PORT"
    scripted_end
    # faults: F14
    check 'probe, no greeting' 74 out '^Time: .*greeting [0-9]* ms' err 'no greeting yet: .*--tls' err '^envoi: .*nothing came for 4000 ms'
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<'
    # faults: 59
    plain_send --user alice --password-file password
    check 'a login that is not announced' 77 out '"result": "error"' out '"verdict": "not attempted"'
    # faults: 58
    scripted '220 x' '<' '250-x' '250 AUTH OAUTHBEARER XOAUTH2' '<'
    plain_send --user alice --token-file token
    check 'no token in clear' 77 out 'ENVOI_E_NO_MECHANISM' out '"verdict": "not attempted"'
    # faults: U1
    scripted '220 x' '<' '250-x' '250 AUTH CRAM-MD5 LOGIN PLAIN' '<' '553 5.7.1 not you' '<'
    plain_send --user alice --password-file password --allow-cleartext-auth
    check 'a login that another mechanism may do' 77 err '553 5.7.1 not you.*not tried: LOGIN PLAIN.*--mechanism PLAIN$' \
        out '"code": 553'
    # faults: F3
    scripted '220 x' '<' '250-x' '250 AUTH LOGIN PLAIN' '<' '535 5.7.3 no'
    plain_send --user alice --password-file password --allow-cleartext-auth --mechanism 'PLAIN LOGIN'
    check 'a wrong password, and the connection is closed' 77 out 'ENVOI_E_AUTH' out '"code": 535' err '5.7.3 no.*password'
    scripted '220 x' '<' '250 x' '<'
    plain_send --mail-options RET=HDRS
    check 'a parameter that is not announced' 69 out 'ENVOI_E_NOT_SUPPORTED'
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<'
    plain_send --mail-options RET=HDRS --drop-options
    check 'a parameter that is left out' 0 out '"dropped_options": "RET=HDRS"'
    scripted '220 x' '<' '250-x' '250-AUTH PLAIN' '250-DELIVERBY 60' '250-FUTURERELEASE 86400 2100-01-01T00:00:00Z' \
        '250-MT-PRIORITY' '250 RRVS' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<'
    plain_send --deliver-by 60:return:trace --hold-until 2099-12-31T23:30:00-00:30 --mt-priority -3 --submitter 'a+b@test' \
        --valid-since 2020-02-29T01:00:00+01:00 --trace
    check 'when and how to deliver' 0 err 'MAIL FROM:<alice@test> BY=60;RT HOLDUNTIL=2100-01-01T00:00:00Z MT-PRIORITY=-3' \
        err 'AUTH=a+2Bb@test' err 'RCPT TO:<bob@test> RRVS=2020-02-29T00:00:00Z$'
    scripted '220 x' '<' '250-x' '250 FUTURERELEASE 86400 2027-01-01T00:00:00Z' '<'
    plain_send --hold-for 86401 --drop-options
    check 'longer than the server holds' 69 out 'ENVOI_E_NOT_SUPPORTED' err 'HOLDFOR=86401.*is 86400'
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '550 5.1.1 no such user' '<' '250 reset' '<'
    plain_send --to carol@test --require-all
    check 'a recipient is refused, and all are required' 69 out 'not every recipient was accepted' out '!"accepted"' out '"refused"'
    scripted '220 x' '<' '250-x' '250 STARTTLS' '<' '454 4.7.0 no keys' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<'
    plain_send --tls opportunistic
    check 'STARTTLS that is refused' 0 out '!"tls"' err '^envoi: warning: 127.0.0.1:.*STARTTLS.*in clear.*454 4.7.0 no keys$'
    [ "$(wc -l <err)" -eq 1 ] || CODE=999
    check 'that is one line' 0
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<'
    plain_send --tls opportunistic
    check 'STARTTLS that is not announced' 0 out '!"tls"' err '!.'
    scripted '220 x'
    scripted_end
    # Its port is free again.
    send --host 127.0.0.1 --port "$PORT" --tls off --to bob@test --json letter
    check 'a closed port' 74 out 'ENVOI_E_CONNECT' err '127.0.0.1'
    send --host no-such-host.invalid --to bob@test --json letter
    check 'no such host' 68 out 'ENVOI_E_RESOLVE' err 'no-such-host.invalid'
}

# What no other case shows: scripts/texts wants each text of the program to be seen once.
# faults: F16
text_cases() {
    entry() { # FIELD-BODY PATTERN
        piped "To: $1\\n\\n" -t
        check "an entry: $1" 65 err "$2"
    }
    entry '"a, b@x' 'quote is not closed'
    entry 'a@[b' "'\[' has no"
    entry '<a<b@x>' "'<' follows another"
    entry 'A <a@x' "no '>'"
    entry 'a@x <b@x>' 'another one behind it'
    entry 'a@x: b@x' 'name of a group'
    entry '(a@x)' 'names no address'
    entry '<a@x> <b@x>' 'two addresses'
    entry 'a@x>' "has no '<'"
    entry 'a@x; b@x' "there is a ','"
    entry '<a@x> b@x' "behind the '>'"
    send --host '' --to a@b letter;                     check 'an empty host' 64 err 'host is empty'
    send --host /s --port 25 --to a@b letter;           check 'a socket with a port' 64 err 'has no port'
    send --host h:2 --port 25 --to a@b letter;          check 'two ports' 64 err 'a port already'
    send --host "$(printf %0600d 0)" --to a@b letter;   check 'a host that is too long' 64 err 'too long'
    send --host localhost --to a@b </proc/self/mem;     check 'a message that cannot be read' 65 err 'cannot read the message: '
    { printf 'To: '; head -c 1200000 /dev/zero | tr '\0' x; } >endless
    send --host localhost -t endless;                   check 'a header without an end' 65 err 'has no end'
    send --host localhost --to a@b --user "$(printf 'a\001b')" --password-file password letter
    check 'a user with a control character' 64 err '--user.*it takes'
    send --host localhost --to a@b --tls-backend 'A B' letter;  check 'a TLS plugin that is no id' 64 err '--tls-backend.*it takes'
    send --host localhost --to a@b --mechanism 'A(B' letter;    check 'a mechanism that is no name' 64 err '--mechanism.*it takes'
    run --help plugins;                                 check '--help plugins' 0 out '--why'
    send --tls maybe;                                   check '--tls maybe' 64 err "--tls 'maybe': it is one of"
    run send --timeout 0;                               check '--timeout 0' 64 err '--timeout'
    run send --host;                                    check '--host alone' 64 err 'needs an argument'
    run send --json=x;                                  check '--json=x' 64 err 'takes no argument'
    run send -x;                                        check '-x' 64 err 'unknown option -x'
    run probe a b;                                      check 'two hosts' 64 err 'one host'
    for command in 'probe h' 'send --host h --from a@b --to c@d'; do
        # shellcheck disable=SC2086  # it is split
        run $command --key k;                           check '--key alone' 64 err '--key needs --cert'
        # shellcheck disable=SC2086
        run $command --passphrase-file k;               check '--passphrase-file alone' 64 err 'needs --cert'
    done
    mkdir -p none
    CODE=0; "$ENVOI" plugins --plugins-d none >out 2>err || CODE=$?
    # A build may have plugins in itself.
    grep -q -e transport -e auth out || check 'no plugins' 0 err 'no plugins are described'
    scripted '220 x' '<' '250-x' '250 AUTH X-ODD' '<' '221 bye'
    run probe 127.0.0.1 --port "$PORT" --tls off;       scripted_end
    check 'a mechanism without a plugin' 0 out 'X-ODD  *- (no plugin)'
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<'
    send --host 127.0.0.1 --port "$PORT" --tls off --to a@b --mail-options RET=HDRS --drop-options letter
    scripted_end
    check 'what was left out' 0 out 'left out.*: RET=HDRS'
    scripted '220 x' '<' '250 x' '<' '<<'
    send --host 127.0.0.1 --port "$PORT" --tls off --to a@b --timeout 1 letter
    scripted_end
    check 'no reply in time' 74 err 'nothing came for 1000 ms (MAIL); try again, or give a longer --timeout'
    secret() { # TEXT PATTERN
        # shellcheck disable=SC2059
        printf "$1" >secret
        chmod 600 secret
        send --host localhost --to a@b --user alice --password-file secret letter
        check "a secret: $2" 78 err "^envoi: --password-file: .*$2"
    }
    secret '\377\376s\000' 'UTF-16'
    secret 'a\000b' 'NUL'
    secret 'a\nb\n' 'one line'
    secret '' 'is empty'
    secret "$(head -c 66000 /dev/zero | tr '\0' x)" 'too long'
    # shellcheck disable=SC2016
    send --host localhost --to a@b --user alice --password-command 'kill -9 $$' letter
    check 'a command that is killed' 78 err 'was killed'
    CODE=0; "$ENVOI" --help >/dev/full 2>err || CODE=$?
    : >out
    check 'standard output that is full' 71 err 'cannot write to standard output'
    BEFORE="python3 $TYPIST unnamed 0"
    send --host localhost -t
    check 'a message that is typed' 65 err 'Control-D'
    printf '\004' >control-d
    BEFORE="python3 $TYPIST control-d 1"
    scripted '220 x' '<' '250-x' '250 AUTH PLAIN' '<'
    plain_send --user alice --allow-cleartext-auth
    check 'no password is typed' 78 err 'no password was typed'
    BEFORE=
}

SENDS="220 x|<|250 x|<|250 ok|<|250 ok|<|354 go|<.|250 kept|<|221 bye"
to_scripted() { # STEPS TEXT ARG...: steps with | between them; the text is a format of printf
    IFS='|'
    # shellcheck disable=SC2086  # it is split
    scripted $1
    unset IFS
    # shellcheck disable=SC2059
    printf "$2" >piped
    shift 2
    send --host 127.0.0.1 --port "$PORT" --tls off --trace --trace "$@" <piped
    scripted_end
}

partial_cases() {
    MIXED='220 x|<|250 x|<|250 ok|<|250 ok|<|550 5.1.1 who is that|<|452 4.2.2 full|<|451 later|<'
    # faults: U8
    to_scripted "$MIXED|354 go|<.|250 kept|<|221 bye" '\nx\n' --to a@x,b@x,c@x,d@x --quiet
    check 'some refused: a line on standard error' 80 out '^b@x  *refused' \
        err '^envoi: 127.0.0.1:[0-9]*: accepted for 1 of 4 recipients; b@x: refused: 550 5.1.1 who is that; c@x: deferred: 452 4.2.2 full, and 1 more$'
    to_scripted "$MIXED|354 go|<.|250 kept|<|221 bye" '\nx\n' --to a@x,b@x,c@x,d@x --json
    check 'with --json too' 80 out '"partial"' out '!"error"' out '"transactions": 1,' out '"octets_sent": [1-9]' err '^envoi: .*accepted for 1 of 4'
    to_scripted '220 x|<|250 x|<|250 ok|<|550 5.1.1 who is that|<|452 4.2.2 full|<|250 ok|<|221 bye' '\nx\n' --to b@x,c@x
    check 'refused for good and for now: both are quoted' 75 err '^envoi: .*accepted for 0 of 2.*b@x: refused: 550.*c@x: deferred: 452'
    to_scripted '220 x|<|250 x|<|250 ok|<|250 ok|<|354 go|<.' '\nx\n' --to a@x
    check 'unknown: a line on standard error' 81 err '^envoi: 127.*may have been delivered'
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<' '221 bye'
    send --host 127.0.0.1 --port "$PORT" --tls off --to a@x --quiet letter
    scripted_end
    check 'nothing is printed of a success with --quiet' 0 out '!.' err '!.'
    for code in 454 432 421; do
        scripted '220 x' '<' '250-x' '250 AUTH PLAIN' '<' "$code 4.7.0 not now" '<' '221 bye'
        plain_send --user alice --password-file password --allow-cleartext-auth
        check "a login that is refused for now, $code" 75 out "\"code\": $code" err "$code 4.7.0 not now"
    done
    scripted '220 x' '<' '250-x' '250 STARTTLS' '<' '454 4.7.0 no keys' '<' '221 bye'
    plain_send --tls required
    # faults: F13
    check 'STARTTLS that is refused for now' 75 out '"code": 454' err 'no keys'
    scripted '220 x' '<' '250-x' '250 AUTH PLAIN' '<' '535 no' '<' '221 bye'
    # shellcheck disable=SC2016  # that is for the shell of the command
    plain_send --user alice --password-command 'grep "core file" /proc/$PPID/limits >limits; echo x' --allow-cleartext-auth
    grep -q 'core file size  *0  *0 ' limits || CODE=999
    # faults: S13
    check 'a program that knows a password writes no core' 77
    # faults: U18
    printf 'secret\r' >cr; printf '\357\273\277secret\n' >bom; chmod 600 cr bom
    send --host localhost --to a@b --user alice --password-file cr letter;  check 'a lone CR in a password file' 78 err '^envoi: --password-file: .*CR'
    send --host localhost --to a@b --user alice --password-file bom letter; check 'a byte order mark in one' 78 err '^envoi: --password-file: .*mark'
    send --timeout 1 --host localhost --to a@b --user alice --password-command 'sleep 5' letter
    check 'a password command that hangs' 78 err '^envoi: --password-command: .*in time.*--timeout'
}

header_cases() {
    # faults: F23
    to_scripted "220 x|<|250 x|<|250 ok|<|250 ok|<|250 ok|<|250 ok|<|354 go|<.|250 kept|<|221 bye" \
        'To: b@x, a@y\nCc: B <b@X>, "a"@y\nBcc: c@x\n\nx\n' -t --to c@x
    check 'an address that is named twice' 0 err '^>> DATA' out 'c@x' out 'b@x' out 'a@y'
    [ "$(grep -c '^>> RCPT' err)" -eq 3 ] && grep '^>> RCPT' err | head -n 1 | grep -q c@x || CODE=999
    check 'gets the message once' 0
    # faults: F24
    to_scripted "$SENDS" 'From x Mon Jan 1 00:00:00 2001\nSubject: x\n\nFrom me\n' --to b@x
    check 'the line of a mailbox file' 0 err '^envoi: left out the first line.*: From x Mon' err '!^>> From x' err '>> From me'
    # faults: F25
    to_scripted "$SENDS" 'Bcc: s@x\nTo: b@x\n\nx\n' --to b@x
    check 'Bcc without -t' 0 err '^envoi: warning: .*Bcc.*--drop-bcc.*--keep-bcc' err '>> Bcc: s@x'
    to_scripted "$SENDS" 'Bcc: s@x\nTo: b@x\n\nx\n' --to b@x --drop-bcc
    check '--drop-bcc' 0 err '!warning' err '!Bcc' err '>> To: b@x'
    to_scripted "$SENDS" 'Bcc: s@x\nTo: b@x\n\nx\n' --to b@x --keep-bcc
    check '--keep-bcc' 0 err '!warning' err '>> Bcc: s@x'
    to_scripted "$SENDS" '\nOnly text\n' --to b@x
    check 'text without a header' 0 err '>> Only text'
    # faults: F16
    to_scripted '220 x|<|250 x|<' '\nx\n' --from "$(printf 'j\303\274@x')" --to b@x
    check 'an address that needs SMTPUTF8' 69 err 'SMTPUTF8.*ASCII' err '!drop-options'
    to_scripted '200 ready' '\nx\n' --to b@x
    check 'a greeting that is none' 69 err 'greeting is none of SMTP, which is a 220: 200 ready'
    to_scripted '220 x|<|250 x|<' '\nx\n' --helo 127.0.0.1 --to b@x
    check 'an address for --helo' 74 err '>> EHLO .127.0.0.1.$'
    # faults: F12
    to_scripted '220 x|<|250 x|<|250 ok' 'Subject: x\n\nJ\303\274rgen\n' --to b@x
    check '8-bit content from a pipe' 69 err '8BITMIME.*quoted-printable' err '!drop-options' err '!DATA'
    { printf 'Subject: x\n\n'; yes 'a line of text' | head -n 9000; printf 'J\303\274rgen\n'; } >long8
    from_pipe long8
    scripted '220 x' '<' '250 x' '<' '250 ok' '<' '250 ok' '<' '354 go' '<<'
    send --host 127.0.0.1 --port "$PORT" --tls off --to b@x <pipe
    scripted_end
    check '8-bit content late in a long pipe' 69 err '8BITMIME'
}

# The password is typed, or would be.
terminal_cases() {
    BEFORE='setsid -w'
    scripted '220 x' '<' '250-x' '250 AUTH PLAIN' '<'
    plain_send --user alice --allow-cleartext-auth
    check 'no terminal to ask' 78 err 'no terminal.*--password-file' out '"verdict": "not attempted"'
    # faults: 59
    scripted '220 x' '<' '250 x' '<'
    plain_send --user alice
    check 'nothing is asked when no login is announced' 77 out 'ENVOI_E_NOT_SUPPORTED'
    scripted '220 x' '<' '250-x' '250 AUTH EXTERNAL PLAIN' '<'
    plain_send --user alice --mechanism EXTERNAL
    check 'nor for EXTERNAL' 77 out 'ENVOI_E_NO_MECHANISM' err '!terminal'
    scripted '220 x' '<' '250-x' '250 AUTH OAUTHBEARER' '<'
    plain_send --user alice --allow-cleartext-auth
    check 'nor where a token is wanted' 77 out 'ENVOI_E_CANCELLED' err 'OAUTHBEARER.*--token-file' err '!terminal'
    if [ -f "$PLUGINS_D/sasl.plugin" ]; then
        # The challenge is realm="x",nonce="n",qop="auth",charset=utf-8,algorithm=md5-sess, and then rspauth=00.
        scripted '220 x' '<' '250-x' '250 AUTH DIGEST-MD5 PLAIN' '<' \
            '334 cmVhbG09IngiLG5vbmNlPSJuIixxb3A9ImF1dGgiLGNoYXJzZXQ9dXRmLTgsYWxnb3JpdGhtPW1kNS1zZXNz' '<' \
            '334 cnNwYXV0aD0wMA==' '<' '501 5.7.0 cancelled' '<'
        # faults: 63
        plain_send --user alice --password-file password
        check 'a server that does not know the password' 77 out 'ENVOI_E_SERVER_PROOF' out '"code": 0' err 'the right server'
        scripted '220 x' '<' '250-x' '250 AUTH ANONYMOUS' '<' '235 ok' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<'
        plain_send --user alice --mechanism ANONYMOUS
        check 'nor for ANONYMOUS' 0 out '"name": "ANONYMOUS"'
    fi
    BEFORE="python3 $TYPIST password 1"
    scripted '220 x' '<' '250-x' '250 AUTH XOAUTH2 PLAIN' '<' '235 ok' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<'
    plain_send --user alice --allow-cleartext-auth
    check 'a password that is typed' 0 out '"name": "PLAIN"' err '!.'
    scripted '220 x' '<' '250-x' '250 AUTH PLAIN LOGIN' '<' '535 no' '<' '334 VXNlcm5hbWU6' '<' '334 UGFzc3dvcmQ6' '<' '235 ok' \
        '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<'
    plain_send --user alice --allow-cleartext-auth --mechanism 'PLAIN LOGIN'
    check 'a password that is typed once for two mechanisms' 0 out '"name": "LOGIN"' err '!.'
    BEFORE=
}

# ---- a real server

start_server() {
    sh "$SERVERS/aiosmtpd.sh" start "$WORK/server" >start.log 2>&1 || return 1
    # shellcheck source=/dev/null
    . "$WORK/server/env"
}

to_server() { # PORT ARG...: logs in as alice
    port=$1
    shift
    send --host localhost --port "$port" --ca "$CA" --user alice --password-file password "$@"
}

last_mail() { # the number of the newest message
    # shellcheck disable=SC2012  # the names are numbers
    ls "$MAILDIR" | sed -n 's/\.eml$//p' | sort -n | tail -n 1
}

verdict_cases() {
    to_server "$SMTP_PORT" --to bob@test letter
    check 'sent' 0 out '^bob@test  *accepted .*250 2.0.0 Kept' out 'login PLAIN (plain)' out 'verified by chain)' err '!.'
    printf 'From: alice@test\r\nTo: bob@test\r\nSubject: hello\r\n\r\nA line.\r\n.dot\r\n' >expected
    cmp -s expected "$MAILDIR/$(last_mail).eml" || CODE=999
    check 'the message has arrived as it was' 0
    to_server "$SMTP_PORT" --to bob@test --json <letter
    check 'sent, as JSON, from standard input' 0 out '"result": "sent"' out '"address": "bob@test"' out '"code": 250' \
        out '"phase": "' out '"verified": true' out '"name": "PLAIN"' out '"plugin": "plain"' out '!"error"'
    to_server "$SMTP_PORT" --to bob@test --to nobody@test --to full@test --json letter
    check 'some recipients refused' 80 out '"result": "partial"' out '"code": 550' out '"verdict": "deferred"'
    to_server "$SMTP_PORT" --to nobody@test --to policy@test letter
    check 'all recipients refused' 69 out '^nobody@test  *refused  *RCPT  *550 5.1.1' err '^envoi: localhost:'
    to_server "$SMTP_PORT" --to nobody@test --to defer@test letter
    check 'all recipients refused, one for now' 75 out '^defer@test  *deferred'
    to_server "$SMTP_PORT" --from refused@test --to bob@test --json letter
    check 'sender refused' 69 out 'ENVOI_E_SENDER_REFUSED' out '"code": 550' out '"enhanced": "5.7.1"'
    send --host localhost --port "$SMTP_PORT" --ca "$CA" --to bob@test letter
    check 'a login is wanted' 69 out '530' err '--user'
    to_server "$SMTP_PORT" --from slow@test --to bob@test --json letter
    check 'sender refused for now' 75 out 'ENVOI_E_SENDER_REFUSED' out '"result": "refused"'
    { cat letter; head -c 3000 /dev/zero | tr '\0' 'x' | fold -w 70; } >larger
    to_server "$SMALL_PORT" --to bob@test --json larger
    check 'too large' 69 out '"result": "refused"' out 'ENVOI_E_TOO_LARGE'
    { cat letter; head -c 3000000 /dev/zero | tr '\0' 'x' | fold -w 70; } >large
    from_pipe large
    to_server "$SMTP_PORT" --to bob@test <pipe
    check 'three megabytes from a pipe' 0 out accepted
    # The progress bar is for a terminal.
    check 'no progress bar in a file' 0 err '!.'
}

login_cases() {
    send --host localhost --port "$SMTP_PORT" --ca "$CA" --user alice --password-file wrong --to bob@test --json letter
    check 'wrong password' 77 out '"result": "error"' out 'ENVOI_E_AUTH' out '"code": 535' out '!"mechanism"'
    to_server "$SMTP_PORT" --mechanism CRAM-MD5 --to bob@test --json letter
    check 'no such mechanism' 77 out 'ENVOI_E_NO_MECHANISM'
    to_server "$SMTP_PORT" --mechanism LOGIN --to bob@test --json letter
    check 'a mechanism by name' 0 out '"name": "LOGIN"'
    to_server "$SMTP_PORT" --mechanism '!PLAIN' --to bob@test --json letter
    check 'a mechanism forbidden' 0 out '"name": "LOGIN"'
    send --host localhost --port "$SMTP_PORT" --ca "$CA" --mechanism LOGIN --to bob@test --json letter
    check 'a mechanism by name, and no user' 77 out 'LOGIN: needs a user and a password'
    send --host localhost --port "$SMTP_PORT" --ca "$CA" --mechanism '!LOGIN *' --to bob@test letter
    check 'no mechanism by name, and no user' 64 err 'must name a mechanism, because there is no --user'
    send --host localhost --port "$SMTP_PORT" --ca "$CA" --user alice --password-command 'cat password' --to bob@test letter
    check 'the password from a command' 0 out accepted
    # faults: 80
    chmod 644 password
    to_server "$SMTP_PORT" --to bob@test letter
    check 'a password file that others can read' 78 err '--password-file: others have access.*mode 0644.*chmod 600'
    chmod 600 password
    # faults: 58
    to_server "$CLEAR_PORT" --tls off --to bob@test --json letter
    check 'no plaintext password in clear' 77 out '"result": "error"' out '!"mechanism"'
    to_server "$CLEAR_PORT" --tls off --allow-cleartext-auth --to bob@test --json letter
    check 'plaintext in clear when allowed' 0 out '"name": "PLAIN"' out '!"tls"'
    # faults: 65
    to_server "$SMTP_PORT" --trace --to bob@test letter
    check 'the trace' 0 err '^>> EHLO' err '^>> AUTH PLAIN' err '^<< 250' err '!A line'
    to_server "$SMTP_PORT" --trace --trace --to bob@test letter
    check 'the trace with the content' 0 err 'A line'
}

token_cases() {
    by_token() { # PORT ARG...: logs in as alice
        port=$1
        shift
        send --host localhost --port "$port" --ca "$CA" --user alice --to bob@test "$@" letter
    }
    by_token "$OAUTH_PORT" --token-file token --json
    check 'a token' 0 out '"name": "OAUTHBEARER"' out '"plugin": "oauth"' out '"verified": true'
    grep -q '"mechanism": "OAUTHBEARER"' "$MAILDIR/$(last_mail).json" || CODE=999
    check 'the server has read the token' 0
    by_token "$OAUTH_SMTPS_PORT" --tls implicit --token-command 'cat token' --mechanism XOAUTH2
    check 'a token from a command, by XOAUTH2' 0 out 'login XOAUTH2 (oauth)'
    # faults: 65
    by_token "$OAUTH_PORT" --token-file token --trace
    check 'the trace of a token' 0 err '^>> AUTH OAUTHBEARER \[[0-9]* octets\]$'
    by_token "$OAUTH_PORT" --password-file password
    check 'a password where there are tokens too' 0 out 'login PLAIN (plain)'
    by_token "$OAUTH_PORT" --token-file wrong --mechanism OAUTHBEARER --json
    check 'a wrong token' 77 out 'ENVOI_E_AUTH' out '"code": 535' err '"status":"invalid_token".*535 5.7.8.*token right'
    by_token "$OAUTH_PORT" --token-file wrong
    check 'a wrong token, both ways' 77 err 'XOAUTH2 is refused.*invalid_token.*535'
    by_token "$OAUTH_PORT" --token-file password
    check 'a token that is none' 64 err 'RFC 6750'
    head -c 600 /dev/zero | tr '\0' x >long
    chmod 600 long
    by_token "$OAUTH_PORT" --token-file long --mechanism OAUTHBEARER
    check 'a long token is shown after a challenge' 77 err 'invalid_token'
    to_server "$SMTP_PORT" --mechanism OAUTHBEARER --to bob@test letter
    check 'logins by token are not announced' 77 err 'no login mechanism'
}

tls_cases() {
    for backend in openssl gnutls; do
        to_server "$SMTP_PORT" --tls-backend "$backend" --to bob@test --json letter
        check "STARTTLS with $backend" 0 out "\"backend\": \"$backend\"" out '"protocol": "TLSv1'
        to_server "$SMTPS_PORT" --tls implicit --tls-backend "$backend" --to bob@test --json letter
        check "implicit TLS with $backend" 0 out "\"backend\": \"$backend\""
        to_server "$UNKNOWNCA_PORT" --tls-backend "$backend" --to bob@test --json letter
        check "an unknown CA with $backend" 76 out 'ENVOI_E_CERTIFICATE' err '--ca'
        send --host localhost --port "$CERT_PORT" --ca "$CA" --tls-backend "$backend" --cert "$PKI/client.chain.pem" \
            --key "$PKI/client-encrypted.key" --passphrase-file passphrase --to bob@test --json letter
        check "a client certificate with $backend" 0
        grep -q '"client": "alice"' "$MAILDIR/$(last_mail).json" || CODE=999
        check "the server has seen it" 0
    done
    # faults: F26
    to_server "$SMTP_PORT" --to bob@test --ca letter letter
    check 'a file without certificates as --ca' 78 err '--ca: letter: no CA certificate'
    printf -- '-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n' >rubbish
    for backend in openssl gnutls; do
        for file in letter rubbish; do
            to_server "$SMTP_PORT" --tls-backend "$backend" --to bob@test --ca "$file" letter
            check "$file as --ca, $backend" 78 err "^envoi: localhost:[0-9]*: --ca: $file: no CA certificate"
            to_server "$SMTPS_PORT" --tls implicit --tls-backend "$backend" --to bob@test --cert "$file" letter
            check "$file as --cert, $backend" 78 err "--cert: $file: no certificate"
            to_server "$SMTP_PORT" --tls-backend "$backend" --to bob@test --cert "$PKI/client.chain.pem" --key "$file" --json letter
            check "$file as --key, $backend" 78 err "--key: $file: no private key" out '"error"'
            run probe localhost --port "$SMTP_PORT" --tls-backend "$backend" --ca "$file"
            check "$file as --ca of a probe, $backend" 78 err "--ca: $file: no CA"
        done
    done
    to_server "$CLEAR_PORT" --to bob@test --json letter
    check 'TLS required and not announced' 76 out '"result": "error"'
    to_server "$SMTP_PORT" --tls-backend nonesuch --to bob@test --json letter
    check 'no such TLS backend' 76 out 'ENVOI_E_PLUGIN' err 'plugins --why'
    # faults: 13
    to_server "$WRONGHOST_PORT" --to bob@test letter;                       check 'a wrong host name' 76
    to_server "$WRONGHOST_PORT" --tls-name other.test --to bob@test letter; check '--tls-name' 0
    pin=$(openssl x509 -in "$PKI/server.pem" -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum | cut -d ' ' -f 1)
    to_server "$SMTP_PORT" --pin "$pin" --to bob@test letter;               check '--pin' 0
    to_server "$SMTP_PORT" --pin "$(printf %064d 0)" --to bob@test letter;  check 'a pin that does not match' 76
    # faults: U9
    to_server "$SMTP_PORT" --ca "$PKI/client.pem" --pin "$pin" --to bob@test letter
    check 'a pin alone is not enough' 76 err 'issuer unknown.*--trust pin'
    # faults: U9
    to_server "$SMTP_PORT" --ca "$PKI/client.pem" --pin "$pin" --trust pin --to bob@test letter
    check '--trust pin' 0 out 'verified by pin)'
    send --host localhost --port "$SMTP_PORT" --trust pin --to bob@test letter
    check '--trust pin without a pin' 64 err '--trust.*--pin'
    send --host localhost --port "$SMTP_PORT" --trust all --pin "$pin" --to bob@test letter
    check '--trust with another word' 64 err '--trust.*pin'
    for backend in openssl gnutls; do
        # faults: U18
        to_server "$SMTP_PORT" --tls-backend "$backend" --cert "$PKI/client.chain.pem" --key "$PKI/client-encrypted.key" \
            --to bob@test letter
        check 'an encrypted key without its passphrase' 78 err '--key: .*the key is encrypted.*--passphrase-file'
    done
}

envelope_cases() {
    printf 'To: bob@test\nBcc: carol@test,\n dave@test\nSubject: x\n\nbody\n' >blind
    to_server "$SMTP_PORT" -t --json blind
    check '-t' 0 out '"address": "bob@test"' out '"address": "dave@test"'
    number=$(last_mail)
    ! grep -q -i -e bcc -e dave "$MAILDIR/$number.eml" || CODE=999
    grep -q dave@test "$MAILDIR/$number.json" || CODE=998
    check 'Bcc is in the envelope only' 0
    from_pipe blind
    to_server "$SMTP_PORT" -t --to erin@test <pipe
    check '-t and --to, from a pipe' 0 out '^erin@test' out '^carol@test'
    send --lmtp --host "$LMTP_SOCKET" --to bob@test --to late@test --to nobody@test --json letter
    check 'LMTP on a unix socket' 80 out '"result": "partial"' out '"peer": "/' out 'content refused'
    send --lmtp --host 127.0.0.1 --port "$LMTP_PORT" --tls off --to bob@test --helo tool.test letter
    check 'LMTP' 0 out 'no TLS'
    grep -q '"helo": "tool.test"' "$MAILDIR/$(last_mail).json" || CODE=999
    check '--helo' 0
    to_server "$SMTP_PORT" --source 127.0.0.2 --trace --to bob@test letter
    check '--source' 0
    to_server "$SMTP_PORT" --source 192.0.2.7 --to bob@test letter
    check 'a source that is not here' 74 err 'from 192.0.2.7'
    send --lmtp --host 127.0.0.1 --port "$LMTP_PORT" --to bob@test letter
    check 'LMTP on TCP requires TLS too' 76
}

probe_cases() {
    run probe --timeout 20 localhost --port "$SMTP_PORT" --ca "$CA"
    check 'probe' 0 out '^Greeting: 220 ' out '^Extensions before TLS:' out 'STARTTLS' out '^TLS: TLSv1' \
        out 'is trusted, by its chain' \
        out 'names  *localhost' out '[0-9] days left' out '  PLAIN  *plain' out '^Extensions in TLS:' err '!.'
    run probe --timeout 20 127.0.0.1 --port "$SMTPS_PORT" --tls implicit --ca "$CA" --json
    check 'probe, implicit TLS, as JSON' 0 out '"days_left": [0-9]' out '"verified": true' out '!"before_tls"' \
        out '"verified_by": "chain"' out '"plugin": "plain"' out '"issuer":' out '"milliseconds": {' out '"greeting": [0-9]'
    run probe --timeout 20 localhost --port "$EXPIRED_PORT" --ca "$CA"
    check 'probe, an expired certificate' 76 out 'NOT TRUSTED' out 'EXPIRED, [0-9]* days ago' err '^envoi: localhost:'
    run probe --timeout 20 localhost --port "$UNKNOWNCA_SMTPS_PORT" --tls implicit --ca "$CA" --json
    check 'probe, an unknown CA' 76 out '"verified": false' out '"verified_by": ""' out '"problem": "' out '"subject":' out 'ENVOI_E_CERTIFICATE'
    pin=$(openssl x509 -in "$PKI/server.pem" -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum | cut -d ' ' -f 1)
    # faults: U9
    run probe --timeout 20 localhost --port "$SMTP_PORT" --pem --ca "$CA"
    check 'probe shows the pin' 0 out "^ *pin *$pin"
    sed -n '/BEGIN/,/END/{p;/END/q}' out | cmp -s - "$PKI/server.pem" || CODE=999
    check 'probe --pem' 0
    run probe --timeout 20 localhost --port "$SMTP_PORT" --json --ca "$CA"
    check 'probe shows the pin as JSON' 0 out "\"pin\": \"$pin\"" out '!"pem"'
    run probe --timeout 20 localhost --port "$CLEAR_PORT"
    check 'probe without TLS' 0 out '^TLS: none' out '^Extensions:'
    run probe --timeout 20 localhost --port "$CLEAR_PORT" --tls required
    check 'probe, TLS required' 76
    run probe --timeout 20 "$LMTP_SOCKET" --lmtp
    check 'probe LMTP' 0 out '^Greeting: 220'
}

# A server of TLS that sends no greeting: for what ends in the handshake. Its port is in $port.
tls_server() { # CERTIFICATE ARG...
    name=$1
    shift
    [ -p ports ] || mkfifo ports
    openssl s_server -accept 127.0.0.1:0 -cert "$CERTIFICATES/$name.pem" -cert_chain "$CERTIFICATES/$name.chain.pem" \
        -key "$CERTIFICATES/$name.key" -cipher 'DEFAULT@SECLEVEL=0' -www "$@" >ports 2>&1 </dev/null &
    PID=$!
    exec 3<ports # stays open, since it writes on
    port=
    while [ -z "$port" ] && read -r line <&3; do
        case $line in ACCEPT*) port=${line##*:} ;; esac
    done
}

end_tls_server() {
    kill "$PID" 2>/dev/null || true
    exec 3<&-
    wait "$PID" 2>/dev/null || true
    PID=
}

handshake() { # ARG...: sends to it
    send --timeout 5 --host localhost --port "$port" --tls implicit --to bob@test "$@" letter
}

# faults: U9
certificate_cases() {
    while IFS='|' read -r name name_to_verify text hint; do
        tls_server "$name"
        for backend in openssl gnutls; do
            handshake --tls-backend "$backend" --ca "$CERTIFICATES/ca.pem" --tls-name "$name_to_verify"
            check "a certificate: $name, $backend" 76 err "$text.*; .*$hint"
        done
        end_tls_server
    done <<EOF
unknownca|mail.example.test|issuer unknown|--ca FILE trusts its CA; --pin and '--trust pin'
selfsigned|mail.example.test|self-signed certificate|--ca FILE trusts it
good|other.test|not for other.test|--tls-name takes
cnonly|mail.example.test|names no host|administrator can mend that; until then
expired|mail.example.test|has expired on|is the clock
notyet|mail.example.test|not valid before|is the clock
byleaf|mail.example.test|issuer is not a certificate authority|in --ca a CA's
clientonly|mail.example.test|not meant for TLS servers|only the server's administrator
rsa1024|mail.example.test|weak key|only the server's administrator
EOF
    tls_server good
    handshake --ca "$CERTIFICATES/ca.pem" --tls-name mail.example.test --pin "$(printf %064d 0)"
    check 'a pin that does not match has its hint' 76 err 'none of the pinned keys.*another server, or a new key'
    end_tls_server
    for backend in openssl gnutls; do
        # faults: F16
        tls_server good -Verify 1 -verify_return_error
        handshake --tls-backend "$backend" --ca "$CERTIFICATES/ca.pem" --tls-name mail.example.test
        check 'a server that wants a client certificate' 76 err "the server's alert: .*see --cert"
        end_tls_server
    done
}

# shellcheck source=tests/tool/accounts.sh
. "$HERE/accounts.sh"
# shellcheck source=tests/tool/secrets.sh
. "$HERE/secrets.sh"

printf 'key pass\n' >passphrase
chmod 600 passphrase
SKIPPED=
usage_cases </dev/null
data_cases </dev/null
content_cases </dev/null
delivery_cases </dev/null
compose_cases </dev/null
pipe_cases </dev/null
long_line_cases </dev/null
config_cases </dev/null
plugin_cases </dev/null
scripted_cases </dev/null
account_cases </dev/null
secret_cases </dev/null
header_cases </dev/null
text_cases </dev/null
partial_cases </dev/null
certificate_cases </dev/null
terminal_cases </dev/null
if start_server; then
    verdict_cases </dev/null
    login_cases </dev/null
    token_cases </dev/null
    tls_cases </dev/null
    envelope_cases </dev/null
    probe_cases </dev/null
else
    SKIPPED=$(tail -n 1 start.log)
    echo "skip  the cases with a real server: $SKIPPED"
    printf '\nSKIPPED %s\n' "$SKIPPED" >>"$TEXTS"
fi
echo "tool.sh: $COUNT checks, $FAILED failed"
[ "$FAILED" -eq 0 ] || exit 1
[ -z "$SKIPPED" ] || exit 77
