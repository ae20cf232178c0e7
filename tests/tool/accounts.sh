#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A part of tool.sh: accounts.conf, from the file to the mail that is sent.
# shellcheck disable=SC2154,SC2034  # variables of tool.sh

CONF=.config/envoi/accounts.conf
BAD=$HERE/../accounts/bad

conf() { # LINE...: writes the user's file
    mkdir -p "${CONF%/*}"
    printf '%s\n' "$@" >"$CONF"
    chmod 600 "$CONF"
}

# For a message: what it says, and two verdicts.
ACCEPT="220 x|<|250 x|<|250 ok|<|250 ok|<|354 go|<.|250 2.0.0 kept|<|221 bye"
accepting() { # sets PORT
    old_ifs=$IFS
    IFS='|'
    # shellcheck disable=SC2086  # the steps
    scripted $ACCEPT
    IFS=$old_ifs
}

# Each file that must be refused, by the program too: the reason is its first line, with the line's number.
bad_file_cases() {
    run accounts --help;                 check 'accounts --help' 0 out '--account NAME' out '^  *like = NAME'
    for file in "$BAD"/*.conf; do
        wanted=$(head -n 1 "$file" | sed 's,/etc/a.conf,bad.conf,')
        cp "$file" bad.conf
        chmod 600 bad.conf
        run accounts -C bad.conf
        case $(cat err) in
        "envoi: bad.conf:${wanted#\# }") check "accounts: ${file##*/}" 78 out '!.' ;;
        *) check "accounts: ${file##*/}" 78 err "as in the file: ${wanted#\# }" ;;
        esac
    done
}

file_cases() {
    run accounts --help;                 check 'accounts --help' 0 out '--account NAME' out '^  *like = NAME'
    run accounts;                        check 'no accounts' 0 err 'there are no accounts: neither in /'
    run accounts --json;                 check 'no accounts, as JSON' 0 out '"accounts": \[\]' out '"chosen": null'
    run accounts one two;                check 'two addresses' 64 err 'one address at a time'
    send --account work --to a@b letter; check 'no such account' 78 err "^envoi: --account: there is no account 'work', and none at all in "
    conf '[a]' 'hots = x'
    send --to a@b letter
    check 'a wrong key' 78 err "^envoi: $WORK/$CONF:2: the key .hots. is unknown; is it .host.?$"
    send --to a@b --json letter;         check 'a wrong key, as JSON' 78 out '"text": ".*accounts.conf:2: '
    send --host localhost --port 1 --to a@b letter
    check 'a host that is given needs no account' 74
    conf '[a]' 'host = localhost'
    chmod 620 "$CONF"
    run accounts
    check 'a file that others can write' 78 err "accounts.conf: others may write to it; run: chmod go-w; its owner is uid [0-9]*, its mode is 0620, and this is uid [0-9]"
    run accounts -C .;                   check 'a directory' 78 err '\.: it is no file; '
    run accounts -C /nonexistent/x
    check 'no such file' 78 err '/nonexistent/x: cannot be read: No such file or directory; this is uid '
    conf 'include = a.conf'
    printf 'include = accounts.conf\n' >"${CONF%/*}/a.conf"
    run accounts;                        check 'files that include one another' 78 err 'more than 8 files include one another'
    printf 'include = accounts.conf\n[b]\n' >"${CONF%/*}/a.conf"
    run accounts;                        check 'a file that includes itself' 78 err 'a.conf:2: \[b\]: the file is included more than once'
    mkfifo pipe
    (printf '[p]\nhost = p.test\n' >pipe) &
    run accounts -C pipe;                check 'a pipe' 0 out '^\* *p *p.test'
    wait $!
    if chown 65534 pipe 2>/dev/null; then
        BEFORE='timeout 10'
        run accounts -C pipe;            check 'a pipe of somebody else that nobody writes to' 78 err 'pipe: it belongs to another user'
        BEFORE=
    fi
    conf '[a]' 'host = a.test' 'from = *@[192.0.2.1], me@[192.0.2.2]' '[b]'
    run accounts 'you@[192.0.2.1]';      check 'an address in brackets' 0 out '^a is used: it serves'
    run accounts 'you@2';                check 'brackets are no set of characters' 78 err 'which account?'
    send --account a --port 1 --tls off --to x@y.test letter; check 'a sender in brackets' 68
}

choice_cases() {
    conf '[a]' 'host = a.test' 'from = me@a.test, *@x.test' '[b]' 'host = b.test' 'user = bob' 'from = *@b.test, *@x.test'
    run accounts
    check 'accounts' 0 out '^ *ACCOUNT *HOST *USER *FROM$' out '^ *a *a.test *me@a.test, \*@x.test$' out '^ *b *b.test *bob' err '!.'
    run accounts me@a.test
    check 'accounts ADDRESS' 0 out '^\* *a ' out "^a is used: it serves 'me@a.test': from = me@a.test at .*:3$" out '!b.test'
    run accounts me@x.test
    check 'two that serve it' 78 err "several accounts serve 'me@x.test': a, b; --account says which"
    run accounts me@c.test
    check 'none that serves it' 78 err "which account? There are: a, b; --account says which, or default = NAME in .*accounts.conf and "
    send --to a@b letter;                check 'no account is guessed' 78 err 'which account?'
    run accounts --account b --why
    check 'accounts --why' 0 out '^b$' out "^  host *b.test *$WORK/$CONF:5$" out '^  secret *it is asked for on the terminal' \
        out '^b is used: --account names it$'
    run accounts --json
    check 'accounts --json' 0 out '"key": "host"' out '"value": "a.test"' out '"source": ".*accounts.conf:2"' out '"chosen": false'
    ENVOI_ACCOUNT=b; export ENVOI_ACCOUNT
    run accounts;                        check 'ENVOI_ACCOUNT' 0 out '^\* *b '
    run accounts --why --account a;      check '--account goes before it' 0 out '^a is used: --account names it$' out '!^b'
    ENVOI_ACCOUNT=c
    send --to a@b letter;                check 'ENVOI_ACCOUNT of none' 78 err "[$]ENVOI_ACCOUNT: there is no account 'c'; there are: a, b"
    unset ENVOI_ACCOUNT
    conf 'default = c' '[a]'
    run accounts;                        check 'a default of none' 78 err ':1: default: there is no account \[c\]'
    conf '[a]' 'like = b' '[b]' 'like = c'
    run accounts
    check 'like none' 78 err 'the account \[a\] cannot be used: .*:4: like: there is no account \[c\]' out ' a'
    conf '[a]' 'like = a'
    run accounts;                        check 'like itself' 78 err 'more than 8 accounts are like one another'
    conf '[a]' 'host-env = NO_SUCH_HOST'
    run accounts;                        check 'no such variable' 78 err 'host-env: the environment variable NO_SUCH_HOST is not set'
    conf '[a]' 'port-env = HOME'
    run accounts;                        check 'a variable of another kind' 78 err "HOME has '/.*'; it is a number"
    conf 'default = a' '[a]' 'host = a.test'
    run accounts --why;                  check 'the default' 0 out 'a is used: it is the default, by .*:1' out 'secret *none is needed: there is no user'
    conf '[a]' 'user = me' "password-file = $WORK/password" '[worker]' 'broker = amqp://localhost'
    run accounts --why;                  check 'the only one' 0 out 'a is used: it is the only account' out 'secret *the file is there and can be read' out '!broker'
    conf '[a]' 'user = me' 'token-file = /nonexistent'
    run accounts --why;                  check 'no secret' 0 out "secret *.*: token-file: cannot read '.*No such file"
    conf '[a]' 'user = me' 'token-command = x'
    run accounts --why;                  check 'a command' 0 out 'secret *the command is run for each login'
}

account_send_cases() {
    conf '[a]' 'user = me' 'password-command = touch leaked; cat password' 'from = alice@test'
    # The password of an account is not for another server.
    scripted '220 x' '<' '250-x' '250 AUTH PLAIN' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<' '221 bye'
    send --host 127.0.0.1 --port "$PORT" --tls off --to bob@test letter
    scripted_end
    check 'another host without an account' 0 out accepted
    [ ! -e leaked ] || { CODE=1; check 'the account was not used' 0; }
    conf '[a]' 'host = mail.test:25' 'user = me' 'password-command = touch leaked; cat password' 'from = alice@test'
    send --account a --host 127.0.0.1 --port 1 --tls off --to bob@test letter
    check 'another host with an account' 64 err "^envoi: --host: the secret of the account \[a\] is not for '127.0.0.1'; give another"
    [ ! -e leaked ] || { CODE=1; check 'the password was not fetched' 0; }
    send --account a --host MAIL.test:1 --tls off --to bob@test letter
    check 'another port of the host' 68 err 'MAIL.test:1: '
    rm -f leaked
    send --account a --host 127.0.0.1 --port 1 --password-file password --to bob@test letter
    check 'another host with a password of its own' 74
    accepting
    conf 'tls = off' '[a]' "host = 127.0.0.1:$PORT" 'from = *@x.test, alice@test'
    run send --to bob@test letter
    scripted_end
    check 'all from the account' 0 out 'bob@test *accepted' err '!.'
    accepting
    conf '[a]' 'tls = off' "host = 127.0.0.1:1, [::1]:1, 127.0.0.1:$PORT" 'from = alice@test'
    run send --to bob@test letter
    scripted_end
    check 'the third host' 0 out accepted err '^envoi: warning: 127.0.0.1:1: .*; now \[::1\]:1 is tried' err "1: .*; now 127.0.0.1:$PORT is tried"
    conf '[a]' 'tls = off' "host = 127.0.0.1:1, [::1]:1" 'from = alice@test'
    run send --to bob@test letter;       check 'none of the hosts' 74 err '^envoi: \[::1\]:1: .*running'
    conf '[a]' 'from = alice@test'
    run send --to bob@test letter;       check 'an account without a host' 64 err '--host is missing: where to?'
    conf '[a]' 'host = 127.0.0.1:1'
    run send --to bob@test letter;       check 'an account without an address' 64 err '--from is missing'
    conf '[a]' 'host = 127.0.0.1:1' 'key = /k'
    send --to bob@test letter;           check 'a value that needs another' 78 err "^envoi: $WORK/$CONF:3: key needs cert$"
    conf '[a]' 'host = 127.0.0.1:1' 'pin = 1'
    send --to bob@test letter;           check 'a value that the library refuses' 78 err "$CONF:3: pin '1': it takes 64 hexadecimal digits"
    conf '[a]' 'host = 127.0.0.1:1' 'ca = ca.pem'
    send --to bob@test letter
    check 'a file beside it' 78 err "$CONF:3: ca: cannot read '$WORK/.config/envoi/ca.pem': No such file"
    conf '[a]' 'host = 127.0.0.1:1' 'port = 1'
    send --to bob@test letter;           check 'two ports' 78 err "$CONF:3: port: '127.0.0.1:1' has a port already"
}

# A login without verified TLS: only if the account itself says so, and then loudly.
cleartext_cases() {
    set -- '220 x' '<' '250-x' '250 AUTH PLAIN' '<' '235 ok' '<' '250 ok' '<' '250 ok' '<' '354 go' '<.' '250 kept' '<' '221 bye'
    scripted "$@"
    conf '[b]' 'like = a' '[a]' 'tls = off' "host = 127.0.0.1:$PORT" 'user = me' 'password-file = ../../password' \
        'allow-cleartext-auth = yes'
    send --account a --to bob@test letter
    scripted_end
    check 'a login in clear, as the account says' 0 out accepted
    scripted '220 x' '<' '250-x' '250 AUTH PLAIN' '<' '221 bye'
    sed "s/127.0.0.1:.*/127.0.0.1:$PORT/" "$CONF" >b.conf
    cp b.conf "$CONF"
    send --account b --to bob@test letter
    scripted_end
    check 'that does not go by like' 77 out 'not attempted'
    run accounts --why
    check 'accounts tells it' 0 err "^envoi: warning: $WORK/$CONF:3: the account \[a\] allows the login without verified TLS (allow-cleartext-auth): everyone on the way can read the password" \
        out 'allow-cleartext-auth *yes' err '!\[b\]'
    run accounts --json;                 check 'and in JSON' 0 out '"cleartext_auth": true' out '"cleartext_auth": false'
    scripted '220 x' '<' '250-x' '250 AUTH PLAIN' '<' '221 bye'
    sed "s/127.0.0.1:.*/127.0.0.1:$PORT/" "$CONF" >b.conf
    run probe -C b.conf --account a
    scripted_end
    check 'probe tells it' 0 out 'PLAIN' err '^envoi: warning: b.conf:8: allow-cleartext-auth: the password may travel where everyone on the way can read it'
    run probe -C b.conf --account a --host h x;  check 'probe with two hosts' 64 err 'one host at a time'
    conf '[a]' 'user = me'
    run probe;                           check 'probe without a host' 64 err 'the host is missing'
}

account_cases() {
    bad_file_cases
    file_cases
    choice_cases
    account_send_cases
    cleartext_cases
    rm -rf .config
}
