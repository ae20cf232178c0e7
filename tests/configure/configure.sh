#!/bin/sh
# SPDX-License-Identifier: MIT
#
# configure.sh CONFIGURE ENVOI PLUGINS.D MODULES [LOG]: envoi configure as a whole: what it finds, asks, writes and prints,
# with its exit codes. CONFIGURE is the program with a name server and a map of ports of its own (mapped.c).
set -eu
CONFIGURE=$1 ENVOI=$2 PLUGINS_D=$3 MODULES=$4
# All that the program has printed, for scripts/texts.
TEXTS=${5:-/dev/null}
HERE=$(cd "$(dirname "$0")" && pwd)
PASSWORD='s3cret pass'
TOKEN='tok3n.of-alice'

WORK=$(mktemp -d)
PID=
finish() {
    code=$?
    [ -z "$PID" ] || kill "$PID" 2>/dev/null || true
    rm -rf "$WORK"
    exit "$code"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
cd "$WORK"
unset ENVOI_TLS_BACKEND ENVOI_ACCOUNT XDG_CONFIG_HOME || true
HOME=$WORK GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export HOME GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL
CONF=.config/envoi/accounts.conf

secrets() { printf '%s\n' "$PASSWORD" "$TOKEN" horse battery; }
# shellcheck source=tests/tool/check.sh
. "$HERE/../tool/check.sh"

# run ARG...: without a terminal
run() {
    CODE=0
    "$CONFIGURE" --plugins-d "$PLUGINS_D" --module-dir "$MODULES" "$@" >out 2>err </dev/null || CODE=$?
}

# steps EXPECT ANSWER...: what the person of the next talk says
steps() {
    printf '%s\n' "$@" >steps
}

# talk ARG...: on a terminal
talk() {
    CODE=0
    python3 "$HERE/talk.py" steps "$CONFIGURE" --plugins-d "$PLUGINS_D" --module-dir "$MODULES" "$@" >out 2>err </dev/null ||
        CODE=$?
}

# ---- without a server

usage_cases() {
    run;                                 check 'no address' 64 err "the address is missing: 'envoi configure ADDRESS'; see"
    run --help;                          check '--help' 0 out '^Usage: envoi configure' out '--password-command COMMAND' out 'go into the account' out '!^ *--lmtp '
    run --version;                       check '--version' 0 out '^envoi [0-9]'
    run a@b.example c@d.example;         check 'two addresses' 64 err 'one address at a time'
    run --nonesuch;                      check 'no such option' 64 err '^envoi: --nonesuch: there is no such option'
    run --name;                          check 'an option without its argument' 64 err '^envoi: --name: it needs an argument'
    run a@b.example --port x;            check 'a wrong port' 64 err '^envoi: --port: it is a number'
    run --import msmtprc --autoconfig x; check 'two sources' 64 err 'exclude one another'
    run --import msmtprc --test;         check 'an import is not tested' 64 err "'envoi send' sends"
    run --import msmtprc --user x;       check 'an import takes no settings' 64 err 'takes no settings'
    run a@b.example --autoconfig x --host y; check 'a file and a host' 64 err '--autoconfig and --host exclude'
    run a@b.example --dry-run --test;    check 'a test that writes nothing' 64 err '--dry-run and --test exclude'
    run --import outlook;                check 'no such program' 64 err 'one of msmtprc, ssmtp.conf, esmtprc and git'
    for address in a a@ @b.example 'a b@c.example' 'a@b.example,c@d.example'; do
        run "$address";                  check "not an address: $address" 65 err "'$address' is not a mail address"
    done
    run 'a@b..example';                  check 'not a domain' 65 err 'b..example'
    run a@b.example --host '';           check 'an empty host' 64 err '^envoi: --host: it is a name'
    run a@b.example --host /run/x --tls off; check 'no TLS' 64 err 'TLS is required'
    run a@b.example --ca /nonexistent --host x.example; check 'no CA file' 78 err '/nonexistent'
    run a@b.example --plugins-d /nonexistent; check 'no such directory' 78 err 'the plugins cannot be used: '
    CODE=0; "$ENVOI" configure --help >out 2>err || CODE=$?
    check 'envoi configure' 0 out '^Usage: envoi configure'
    CODE=0; "$ENVOI" --help configure >out 2>err || CODE=$?
    check 'envoi --help configure' 0 out '^Usage: envoi configure'
    CODE=0; "$ENVOI" --plugins-d "$PLUGINS_D" configure >out 2>err || CODE=$?
    check 'options before the command' 64 err 'the address is missing'
    CODE=0; "$ENVOI" --help >out 2>err || CODE=$?
    check 'it is listed' 0 out '^  configure  *ADDRESS '
    mkdir alone; cp "$ENVOI" alone/envoi
    CODE=0; alone/envoi configure x >out 2>err || CODE=$?
    check 'the program is not there' 71 err "cannot run '.*/alone/envoi-configure': No such file"
}

# Each file beside its answer. RENEW=yes writes the answers: read what has changed.
import_cases() {
    for file in "$HERE"/import/*; do
        name=${file##*/}
        [ "${name%.expected}" = "$name" ] || continue
        run --import "${name#*.}" "$file"
        sed "s,$HERE/import/,," out err >both
        [ -z "${RENEW:-}" ] || cp both "$file.expected"
        check "import $name" 0
        cmp -s both "$file.expected" || { FAILED=$((FAILED + 1)); diff both "$file.expected" | sed 's/^/FAIL  | /'; }
    done
    printf 'host mail.a.example\n' >none
    run --import msmtprc none;           check 'no account in it' 78 err 'none: there is no account in it'
    printf 'a\0b\n' >nul
    run --import ssmtp.conf nul;         check 'no text' 78 err 'there is a NUL in it, so it is no settings of ssmtp.conf'
    head -c 300000 /dev/zero >large
    run --import esmtprc large;          check 'a large file' 78 err 'large: longer than 256 KiB'
    run --import msmtprc /nonexistent;   check 'no such file' 78 err "cannot read '/nonexistent'"
    i=0; while [ $i -le 100 ]; do echo "account a$i"; i=$((i + 1)); done >many
    run --import msmtprc many;           check 'many accounts' 78 err 'more than 100 accounts'
    run --import ssmtp.conf;             check 'no file in its place' 78 err 'no such file in its usual places'
    run --import git;                    check 'git has nothing' 78 err 'git has no settings sendemail'
    printf '[sendemail\n' >broken
    # A line end in a value would begin a line of its own, with any key.
    printf '[sendemail]\nsmtpserver = m.example\nfrom = "a@b.example\\n[evil]\\npassword-command = touch owned"\n' >lines
    run --import git lines
    check 'a line end in a value' 0 out '^host = m.example' out '!owned' out '!^from' err 'cannot hold its value'
    git init -q repository
    git -C repository config sendemail.smtpserver stranger.example
    CODE=0; (cd repository && "$CONFIGURE" --import git) >out 2>err </dev/null || CODE=$?
    check 'the settings of a repository' 78 err 'git has no settings sendemail' out '!stranger'
    run --import git broken;             check 'git cannot read it' 78 err 'git config failed with exit code'
    cp "$HERE/import/secrets.msmtprc" .msmtprc
    run --import msmtprc;                check 'the usual place' 0 out '^\[keyring\]' err "$WORK/.msmtprc:.*user"
}

# The examples of other packages, as they are: nothing fails, and each has an account.
example_cases() {
    for file in /usr/share/doc/msmtp/examples/msmtprc-*.example; do
        [ ! -f "$file" ] || { run --import msmtprc "$file"; check "an example: ${file##*/}" 0 out '^host = '; }
    done
    file=/usr/share/doc/esmtp/examples/sample.esmtprc
    [ ! -f "$file" ] || { run --import esmtprc "$file"; check "an example: ${file##*/}" 0 out '^host = '; }
}

write_cases() {
    cp "$HERE/import/secrets.msmtprc" old
    run --import msmtprc old --dry-run
    check 'a dry run' 0 out '^+\[a\]' out '!written'
    [ ! -e "$CONF" ] || { FAILED=$((FAILED + 1)); echo 'FAIL  a dry run writes'; }
    run --import msmtprc old --yes
    check 'written' 0 out "^+password-file = $WORK/.config/envoi/secrets/a" out "^written: $WORK/$CONF"
    [ "$(stat -c %a $CONF .config/envoi .config/envoi/secrets/a | tr '\n' ' ')" = '600 700 600 ' ] ||
        { FAILED=$((FAILED + 1)); echo 'FAIL  the modes are wrong'; }
    [ "$(cat .config/envoi/secrets/a)" = 'horse battery' ] || { FAILED=$((FAILED + 1)); echo 'FAIL  the password is wrong'; }
    CODE=0; "$ENVOI" accounts >out 2>err || CODE=$?
    check 'envoi reads it' 0 out 'keyring'
    run --import msmtprc old --yes
    check 'once more' 0 out 'says this already'
    # The rest of the file stays as it is, octet for octet.
    printf '# mine\r\n\n[z]\nhost=z.example\n\n\n# about a\n[a]\nhost = old.example\nfrom = a@a.example\n# of b\n[b]\nhost:b.example' >$CONF
    printf '[a]\nhost = mail.a.example:25\ntls = required\n' >want
    cp $CONF before
    printf 'account a\nhost mail.a.example\ntls on\n' >small
    run --import msmtprc small --yes
    check 'a section is replaced' 0 out '^-host = old.example' out '^+tls = required' out "accounts.conf, from line 9:" out '!z.example' out '!b.example'
    printf '# mine\r\n\n[z]\nhost=z.example\n\n\n# about a\n[a]\nhost = mail.a.example:25\ntls = required\n# of b\n[b]\nhost:b.example' >want
    cmp -s $CONF want || { FAILED=$((FAILED + 1)); diff $CONF want | sed 's/^/FAIL  | /'; }
    printf 'account c\nhost mail.a.example\ntls on\n' >small
    mv $CONF real; ln -s "$WORK/real" $CONF; chmod 640 real
    run --import msmtprc small --yes
    check 'a section is added, behind a link' 0 out '^+\[c\]' out '!z.example'
    [ -L $CONF ] || { FAILED=$((FAILED + 1)); echo 'FAIL  the link is gone'; }
    [ "$(stat -c %a real)" = 640 ] || { FAILED=$((FAILED + 1)); echo 'FAIL  the mode has changed'; }
    printf 'include = more.conf\n' >$CONF.new; cat real >>$CONF.new; mv $CONF.new real; chmod 640 real
    printf '[f]\nhost = x.example\n' >.config/envoi/more.conf; cp .config/envoi/more.conf more.conf
    printf 'account f\nhost mail.a.example\ntls on\n' >small
    run --import msmtprc small --yes
    check 'an account of another file' 78 err 'there is an account \[f\] already, at .*more.conf:1: change it there'
    chgrp 65534 real 2>/dev/null || true
    group=$(stat -c %g real)
    printf 'account d\nhost mail.a.example\ntls on\n' >small
    run --import msmtprc small --yes;    check 'a file of another group' 0
    [ "$(stat -c %g:%a real)" = "$group:640" ] || { FAILED=$((FAILED + 1)); echo 'FAIL  the group has changed'; }
    { cat real; head -c 3000 /dev/zero | tr '\0' '#'; echo; } >real2
    mv real2 real; chmod 600 real; cp real before
    printf 'account e\nhost mail.a.example\ntls on\n' >small
    CODE=0; (ulimit -f 1; exec "$CONFIGURE" --import msmtprc small --yes) >out 2>err </dev/null || CODE=$?
    check 'a full disk' 78 err "cannot write '.*accounts.conf': File too large"
    cmp -s real before || { FAILED=$((FAILED + 1)); echo 'FAIL  the file was changed'; }
    [ "$(echo real*)" = real ] || { FAILED=$((FAILED + 1)); echo 'FAIL  something is left'; }
    chmod 666 real
    run --import msmtprc small --yes
    check 'a file that others could write' 78 err 'others may write to it'
    chmod 600 real; printf 'nonsense\n' >real
    run --import msmtprc small --yes
    check 'a file with an error' 78 err 'accounts.conf:1: '
    rm -f $CONF
    run --import msmtprc small --yes --store nowhere; check 'a store is not needed' 0
    cp "$HERE/import/secrets.msmtprc" old
    run --import msmtprc old --yes --store nowhere
    check 'no such store' 64 err '--store: it is one of keyring, pass, git and file'
    steps 'to a place of their own? [y/N] ' y 'Write this? [y/N] ' y
    talk --import msmtprc old
    check 'an import on a terminal' 0 out '^+password-file = ' out '^written: '
    rm -rf .config
    steps 'to a place of their own? [y/N] ' y 'Write this? [y/N] ' n
    talk --import msmtprc old
    check 'an import that is not wanted' 0 out '^+password-file = ' out 'nothing was written'
    [ ! -e .config ] || { FAILED=$((FAILED + 1)); echo 'FAIL  the passwords were written'; }
    steps 'to a place of their own? [y/N] ' 'what is meant by that? I wish ty' 'Write this? [y/N] ' n
    talk --import msmtprc old
    check 'the end of a long answer is not the next one' 0 out '!^+password-file' out 'nothing was written'
    rm -rf .config
}

# ---- with servers

servers() { # NAME=SPEC...: starts them
    [ -p ports ] || mkfifo ports
    : >log
    python3 "$HERE/submission.py" server.pem server.key log "$@" >ports 2>servers.log &
    PID=$!
    read -r PORTS <ports
}

servers_end() {
    kill "$PID" 2>/dev/null || true
    wait "$PID" 2>/dev/null || true
    PID=
}

port_of() { # NAME
    for word in $PORTS; do
        [ "${word%%=*}" != "$1" ] || echo "${word#*=}"
    done
}

certificates() {
    openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=test-ca -days 2 -keyout ca.key -out ca.pem 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -subj /CN=server -keyout server.key -out server.csr 2>/dev/null
    names='subjectAltName=DNS:mail.srv.example,DNS:mail.start.example,DNS:smtp.guess.example,DNS:mail.hoster.example'
    names="$names,DNS:proven.example,DNS:b.second.example,DNS:mail.token.example,DNS:smtp.gmail.com,DNS:smtp.free.fr"
    names="$names,DNS:securesmtp.t-online.de,DNS:smtp.office365.com,DNS:mail.example.org,DNS:smtp-mail.outlook.com,DNS:smtp.down.example,DNS:smtp.cram.example,DNS:smtp.escapes.example,DNS:smtp.rude.example"
    printf '%s\n' "$names" >extensions
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out server.pem 2>/dev/null
}

# alice's servers, by what they do
start() {
    servers implicit=implicit,user:alice@srv.example,password:"$PASSWORD" \
        starttls=starttls,user:me,password:"$PASSWORD" token=implicit,auth:XOAUTH2,user:a@token.example,token:"$TOKEN" \
        cram=implicit,auth:CRAM-MD5+PLAIN,user:a@cram.example,password:"$PASSWORD" plain=plain closes=closes escapes=implicit,escapes,auth: rude=implicit,rude garbage=garbage,implicit
    MAP="mail.srv.example:465=$(port_of implicit) mail.start.example:587=$(port_of starttls)"
    MAP="$MAP smtp.guess.example:587=$(port_of starttls) smtp.guess.example:465=$(port_of closes)"
    MAP="$MAP mail.hoster.example:465=$(port_of implicit) mail.bad.example:465=$(port_of implicit)"
    MAP="$MAP mail.bad.example.second.example:465=$(port_of implicit) b.second.example:465=$(port_of implicit)"
    MAP="$MAP smtp.cram.example:465=$(port_of cram) smtp.escapes.example:465=$(port_of escapes)"
    MAP="$MAP smtp.rude.example:465=$(port_of rude)"
    MAP="$MAP mail.token.example:465=$(port_of token) smtp.gmail.com:465=$(port_of implicit)"
    MAP="$MAP smtp.free.fr:465=$(port_of implicit) smtp-mail.outlook.com:587=$(port_of starttls)"
    MAP="$MAP smtp.plain.example:587=$(port_of plain) smtp.odd.example:465=$(port_of garbage)"
    MAP="$MAP securesmtp.t-online.de:465=$(port_of implicit) smtp.office365.com:587=$(port_of starttls)"
    MAP="$MAP mail.example.org:465=$(port_of implicit) smtp.down.example:465=$(port_of implicit)"
    export MAP
}

find_cases() {
    run alice@srv.example --ca ca.pem
    check 'by SRV, without a terminal' 0 out '^\[srv.example\]$' out '^host = mail.srv.example:465$' out '^tls = implicit$' \
        out '^user = alice@srv.example$' out '^from = alice@srv.example$' out "^ca = $WORK/ca.pem$" out '^# password-command = ' err 'an SRV record'
    ! grep -q login log || { FAILED=$((FAILED + 1)); echo 'FAIL  it logged in without a password'; }
    run a@start.example --ca ca.pem --name home;  check 'STARTTLS' 0 out '^\[home\]$' out '^host = mail.start.example:587$' out '^tls = required$'
    run a@guess.example --ca ca.pem;     check 'by a usual name' 0 out '^host = smtp.guess.example:587$' err 'smtp.guess.example:465 (a usual name): ' err 'a usual name): TLS'
    run a@gmail.com --ca ca.pem;         check 'a provider' 0 out '^host = smtp.gmail.com:465$' err '^Gmail: it wants a password made for this program'
    run a@free.fr --ca ca.pem;           check 'a provider with its own user names' 0 out '^user = a$'
    run a@hotmail.com --ca ca.pem;       check 'a provider that takes tokens alone' 0 out '^# token-command = '
    run a@token.example --ca ca.pem;     check 'a server that takes tokens alone' 0 out '^# token-command = '
    run a@proton.me;                     check 'a provider without SMTP' 68 err '^envoi: Proton Mail: it takes mail from its own program'
    run a@bridge.example;                check 'the same by MX' 68 err 'Proton Mail Bridge'
    run a@t-online.de --ca ca.pem;       check 'a provider with a password of its own' 0 err 'password for e-mail programs'
    run a@office.example --ca ca.pem --yes --dry-run; check 'a provider by MX, and a yes' 0 out 'Microsoft 365: the administrator has to allow'
    run a@tuta.com;                      check 'a provider with programs of its own' 68 err 'Tuta: it takes mail from its own programs alone'
    run a@none.example;                  check 'nothing is offered' 68 err 'no server was found that takes mail from the users of none.example; --host names one'
    run a@down.example --ca ca.pem;      check 'name servers that fail, and a guess' 0 out '^host = smtp.down.example:465$'
    MAP='' run a@down.example --ca ca.pem
    check 'name servers that fail' 75 err '^envoi: down.example: '
    run a@second.example --ca ca.pem;    check 'the second of two' 0 out '^host = b.second.example:465$' err 'mail.bad.example.second.example:465 (an SRV record): .*certificate'
    run a@bad.example --ca ca.pem;       check 'not a trusted certificate' 76 err '^envoi: mail.bad.example:465: '
    run a@plain.example --ca ca.pem;     check 'no TLS is offered' 76 err 'smtp.plain.example:587: .*STARTTLS'
    run a@odd.example --ca ca.pem;       check 'no SMTP' 76 err 'smtp.odd.example:465: '
    run a@b.example --host mail.srv.example:465 --ca ca.pem; check 'a host that is given' 0 out '^host = mail.srv.example:465$' err '(--host)'
    escape=$(printf '\033')
    run a@escapes.example --ca ca.pem;   check 'a mechanism for the terminal' 0 err 'login by PLAIN' err "!$escape"
    run a@rude.example --ca ca.pem;      check 'a greeting for the terminal' 69 err '554 go' err "!$escape"
    run a@b.example --host '[::1]:1';    check 'nobody is there' 74 err '::1.*1'
}

# A server of another domain: RFC 6186 section 6.
outside_cases() {
    run a@host.example --ca ca.pem;      check 'of another domain' 76 err 'it is not of host.example, and nobody said that it is right; --yes'
    run a@proven.example --ca ca.pem;    check 'the certificate is for the domain' 0 out '^tls-name = proven.example$'
    steps 'which is not of host.example' y 'Password of a@host.example at mail.hoster.example: ' "$PASSWORD"
    talk a@host.example --ca ca.pem;     check 'a person agrees' 77 out 'an SRV record names the server mail.hoster.example:465' out 'nothing proves'
    steps 'Is it the right one? [y/N] ' n
    talk a@host.example --ca ca.pem;     check 'a person does not' 76
    run a@hosted.example --ca ca.pem;    check 'a provider by MX' 76 err 'smtp.gmail.com:465 (Gmail): it is not of hosted.example'
}

login_cases() {
    : >log
    steps 'Password of alice@srv.example at mail.srv.example: ' "$PASSWORD" 'Which one? [' file 'Write this? [y/N] ' y
    talk alice@srv.example --ca ca.pem --test
    check 'all of it' 0 out 'logged in as alice@srv.example by PLAIN' out '^+mechanism = PLAIN' out "^+password-file = .*secrets/srv.example" \
        out '^written: ' out 'a mail to alice@srv.example was sent'
    grep -q '^implicit mail FROM:<alice@srv.example> TO:<alice@srv.example>' log || { FAILED=$((FAILED + 1)); echo 'FAIL  no mail came'; }
    [ "$(cat .config/envoi/secrets/srv.example)" = "$PASSWORD" ] || { FAILED=$((FAILED + 1)); echo 'FAIL  the password is not stored'; }
    CODE=0; "$ENVOI" accounts --why alice@srv.example >out 2>err || CODE=$?
    check 'envoi finds the account' 0 out 'srv.example'
    cp "$CONF" kept
    : >log
    steps 'Password of ' wrong
    talk alice@srv.example --ca ca.pem
    check 'a wrong password' 77 out '535' out '!Write this'
    [ "$(grep -c login log)" -le 2 ] || { FAILED=$((FAILED + 1)); echo 'FAIL  it was tried again and again'; cat log; }
    cmp -s "$CONF" kept || { FAILED=$((FAILED + 1)); echo 'FAIL  the file has changed'; }
    steps 'Password of ' "$PASSWORD" 'Which one? [' nowhere
    talk alice@srv.example --ca ca.pem
    check 'no such place' 64 out '--store: it is one of'
    steps 'Password of ' "$PASSWORD" 'Which one? [' ^D
    talk alice@srv.example --ca ca.pem;  check 'the end of input' 64
    steps 'Password of ' "$PASSWORD" 'Write this? [y/N] ' n
    talk other@srv.example --user alice@srv.example --ca ca.pem --store file --mechanism LOGIN
    check 'another address of the domain' 0 out '^+\[other@srv.example\]' out '^+mechanism = LOGIN' out 'nothing was written'
    [ ! -e .config/envoi/secrets/other@srv.example ] || { FAILED=$((FAILED + 1)); echo 'FAIL  the password was written'; }
    printf '%s\n' "$PASSWORD" >password; chmod 600 password
    run alice@srv.example --ca ca.pem --password-file password --yes --name again
    check 'no terminal, and all is said' 0 out '^+\[again\]' out '^+mechanism = ' out '^written: '
    run alice@srv.example --ca ca.pem --user 'alice ' --yes --name odd
    check 'a value that the file cannot hold' 78 err "accounts.conf cannot hold the settings of 'odd'"
    ! grep -q odd "$CONF" || { FAILED=$((FAILED + 1)); echo 'FAIL  it was written'; }
    : >log
    run a@cram.example --ca ca.pem --password-file password --dry-run
    check 'a mechanism that is broken there' 0 out 'by PLAIN$' out '^+mechanism = PLAIN'
    [ "$(grep -c 'login a@cram.example CRAM-MD5 refused' log)" = 1 ] || { FAILED=$((FAILED + 1)); echo 'FAIL  not that one first'; }
    printf '#!/bin/sh\nprintf %%s %s\n' "$TOKEN" >mytoken; chmod 700 mytoken
    steps 'Command that prints a token: ' "$WORK/mytoken" 'Write this? [y/N] ' y
    talk a@token.example --ca ca.pem
    check 'a token' 0 out 'takes no password, but an OAuth 2.0 token' out '^+mechanism = XOAUTH2' out '^+token-command = .*mytoken'
    steps 'Command that prints a token: ' ''
    talk a@token.example --ca ca.pem;    check 'no token' 77 out 'no command for a token was given'
    steps 'Password of ' ^D
    talk alice@srv.example --ca ca.pem;  check 'no password' 78 out 'no password was typed'
}

autoconfig_cases() {
    for name in none bomb deep long broken; do
        run a@example.org --autoconfig "$HERE/autoconfig/$name.xml" --ca ca.pem
        code=65
        [ $name != none ] || code=68
        check "autoconfig: $name" $code err "$name.xml:"
    done
    CODE=0
    "$CONFIGURE" --plugins-d "$PLUGINS_D" --module-dir "$MODULES" a@example.org --autoconfig - --ca ca.pem \
        <"$HERE/autoconfig/good.xml" >out 2>err || CODE=$?
    check 'autoconfig' 0 out '^host = mail.example.org:465$' err 'the autoconfig file'
    run a@example.org --autoconfig /nonexistent; check 'no autoconfig file' 78 err "^envoi: --autoconfig: cannot read '/nonexistent'"
    head -c 70000 /dev/zero | tr '\0' x >large
    run a@example.org --autoconfig large;  check 'a large autoconfig file' 65 err 'longer than 64 KiB'
    grep -q 'document type' "$TEXTS" || FAILED=$((FAILED + 1))
}

usage_cases
import_cases
example_cases
write_cases
certificates
start
find_cases
outside_cases
login_cases
autoconfig_cases
servers_end
printf '%s checks, %s failed\n' "$COUNT" "$FAILED"
[ "$FAILED" -eq 0 ]
