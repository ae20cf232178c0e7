#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A part of tool.sh: where passwords come from, and what their sources are told after the login. git and secret-tool are
# programs of this test, and then those of Debian.
# shellcheck disable=SC2154,SC2034  # variables of tool.sh

fake() { # NAME SCRIPT: a program that comes first in PATH
    mkdir -p fakes
    printf '#!/bin/sh\n%s\n' "$2" >"fakes/$1"
    chmod 755 "fakes/$1"
}

# Answers with the file ./answer, and keeps what it was asked.
fake_git() { # ANSWER
    # shellcheck disable=SC2059  # that is what it is
    printf "$1" >answer
    rm -f asked
    # shellcheck disable=SC2016  # for the script
    fake git 'cd "$HOME" && echo "$4" >>asked && cat >>asked && [ "$4" = fill ] && cat answer; [ ! -f broken-"$4" ]'
}

LOGIN_OK='235 ok|<|250 ok|<|250 ok|<|354 go|<.|250 kept|<|221 bye'
login_to() { # STEPS ARG...: logs in by PLAIN to a server that goes on with the steps
    old_ifs=$IFS
    IFS='|'
    # shellcheck disable=SC2086  # the steps
    scripted '220 x' '<' '250-x' '250 AUTH PLAIN' '<' $1
    IFS=$old_ifs
    shift
    plain_send --user alice --allow-cleartext-auth "$@"
}

asked() { # TITLE VERB...: were these the questions to git, in this order?
    title=$1
    shift
    CODE=0
    [ "$(grep -v -e = -e '^$' asked | tr '\n' ' ')" = "$* " ] || CODE=999
    check "$title" 0
}

git_cases() {
    BEFORE="env PATH=$WORK/fakes:$PATH"
    known="protocol=smtp\nusername=alice\npassword=$PASSWORD\n"
    fake_git "$known"
    login_to "$LOGIN_OK" --password-git
    check 'the password from git' 0 out '"name": "PLAIN"' err '!.' asked "^host=127.0.0.1:$PORT$" asked '^username=alice$'
    asked 'git is told that it was accepted' fill approve
    fake_git "$known"
    login_to '535 5.7.8 no|<|221 bye' --password-git
    check 'a wrong password from git' 77 out '"code": 535'
    asked 'git is told that it was refused' fill reject
    fake_git "$known"
    login_to '454 4.7.0 later|<|221 bye' --password-git
    check 'a login that is refused for now' 75
    asked 'git is not told' fill
    fake_git "$known"
    touch broken-approve
    login_to "$LOGIN_OK" --password-git
    check 'git cannot store it' 0 err 'warning: --password-git: git credential approve failed with exit code 1'
    rm broken-approve
    # The password is kept for the first server, also if another one was used.
    fake_git "$known"
    old_ifs=$IFS
    IFS='|'
    # shellcheck disable=SC2086  # the steps
    scripted '220 x' '<' '250-x' '250 AUTH PLAIN' '<' $LOGIN_OK
    IFS=$old_ifs
    conf '[a]' "host = 127.0.0.1:1, 127.0.0.1:$PORT" 'tls = off' 'user = alice' 'password-git = yes' 'allow-cleartext-auth = yes'
    send --account a --to bob@test letter
    scripted_end
    check 'the second of two servers' 0 err "127.0.0.1:1: .*; now 127.0.0.1:$PORT is tried"
    [ "$(grep -c '^host=127.0.0.1:1$' asked)" = 2 ] || CODE=999
    check 'git is told of the first' 0
    asked 'and that it was accepted' fill approve
    while IFS='|' read -r answer text; do
        fake_git "$answer"
        send --host localhost --user alice --password-git --to a@b letter
        check "git: $text" 78 err "^envoi: --password-git: $text"
    done <<EOF
username=bob\npassword=x\n|git credential answers for another user
password=x\npassword_expiry_utc=1\n|the password that git credential has is out of date
quit=1\n|a helper of git credential says that no other may be asked
rubbish\n|git credential has printed a line without '='
username=alice\n|git credential knows no password
EOF
    touch broken-fill
    send --host localhost --user alice --password-git --to a@b letter
    check 'git fails' 78 err 'git credential fill gave no password (exit code 1)'
    rm broken-fill asked
    send --host /run/socket --user alice --password-git --to a@b letter
    check 'no host for git' 78 err 'git credential needs the name of the server'
    send --host localhost --user "$(printf 'alice\nhost=evil')" --password-git --to a@b letter
    check 'two lines for git' 78 err 'git credential needs a user, without line ends'
    send --host localhost --user "$(head -c 66000 /dev/zero | tr '\0' x)" --password-git --to a@b letter
    check 'too much for git' 78 err 'it is too long for git credential'
    [ ! -f asked ] || CODE=999
    check 'and git was not asked' 78
    BEFORE="env PATH=/nonexistent"
    send --host localhost --user alice --password-git --to a@b letter
    check 'no git' 78 err 'there is no git in'
    BEFORE=
}

keyring_cases() {
    BEFORE="env PATH=$WORK/fakes:$PATH"
    fake secret-tool 'exit 1'
    send --host localhost --user alice --password-keyring --to a@b letter
    check 'not in the keyring' 78 err '^envoi: --password-keyring: the keyring has no password for alice at localhost:587 (exit code 1'
    BEFORE="env PATH=/nonexistent"
    send --host localhost --user alice --password-keyring --to a@b letter
    check 'no secret-tool' 78 err 'there is no secret-tool in .*libsecret-tools'
    BEFORE=
    for program in secret-tool gnome-keyring-daemon dbus-run-session; do
        command -v $program >/dev/null || { echo "skip  a real keyring: there is no $program"; return 0; }
    done
    # A session with a keyring of its own, which ends with it. The password is stored as a person would.
    mkdir -p -m 700 runtime data
    # shellcheck disable=SC2016  # for the script
    fake with-keyring 'export XDG_RUNTIME_DIR="$HOME/runtime" XDG_DATA_HOME="$HOME/data"
printf x | gnome-keyring-daemon --unlock --components=secrets >/dev/null || exit 1
head -n 1 "$HOME/password" | tr -d "\n" | secret-tool store --label=mail host 127.0.0.1 service smtp user alice || exit 1
exec "$@"'
    BEFORE="timeout 60 dbus-run-session -- fakes/with-keyring"
    login_to "$LOGIN_OK" --password-keyring
    check 'the password from a real keyring' 0 out '"name": "PLAIN"'
    BEFORE=
}

credential_cases() {
    mkdir -p credentials
    cp password credentials/mail
    chmod 444 credentials/mail
    BEFORE="env CREDENTIALS_DIRECTORY=$WORK/credentials"
    login_to "$LOGIN_OK" --password-credential mail
    check 'the password from a credential' 0 out '"name": "PLAIN"' err '!.'
    send --host localhost --user alice --password-credential nonesuch --to a@b letter
    check 'no such credential' 78 err "--password-credential: cannot read '$WORK/credentials/nonesuch'"
    send --host localhost --user alice --password-credential ../password --to a@b letter
    check 'a credential elsewhere' 78 err 'it takes the ID of a credential, without a slash'
    send --host localhost --user alice --password-credential "$(head -c 5000 /dev/zero | tr '\0' x)" --to a@b letter
    check 'a long credential' 78 err 'the ID is too long'
    BEFORE='env -u CREDENTIALS_DIRECTORY'
    if [ ! -d /run/secrets ]; then
        send --host localhost --user alice --password-credential mail --to a@b letter
        check 'no credentials' 78 err 'there are no credentials: .CREDENTIALS_DIRECTORY is not set.*LoadCredential=mail:FILE'
    fi
    BEFORE=
}

# What `envoi accounts --why` says without fetching anything.
outlook_cases() {
    : >nothing
    chmod 600 nothing
    while IFS='|' read -r line text; do
        conf '[a]' 'host = localhost' 'user = alice' "$line"
        run accounts --why
        check "accounts --why: $line" 0 out "^  secret *$text"
    done <<EOF
password-file = $WORK/password|the file is there and can be read
password-file = $WORK/nothing|.*accounts.conf:4: password-file: '.*nothing' is empty
password-command = touch leaked|the command is run for each login
password-git = yes|git credential is asked for each login
password-git = no|it is asked for on the terminal
password-credential = a/b|.*accounts.conf:4: password-credential: it takes the ID
EOF
    BEFORE="env PATH=$WORK/fakes:$PATH"
    conf '[a]' 'host = localhost' 'user = alice' 'password-keyring = yes'
    run accounts --why
    check 'accounts --why: a keyring' 0 out '^  secret *the keyring is asked for each login'
    BEFORE=
    [ ! -e leaked ] || CODE=999
    check 'no command was run' 0
    send --host localhost --user alice --password-command 'cat letter' --to a@b letter
    check 'a command that prints lines' 78 err "there are more; to take the first: 'pass show NAME | head -n 1'"
    # A program that ignores SIGCHLD hands that on.
    fake ignoring 'trap "" CHLD; exec "$@"'
    BEFORE=fakes/ignoring
    login_to "$LOGIN_OK" --password-command 'cat password'
    check 'a command, and SIGCHLD is ignored' 0 out '"name": "PLAIN"' err '!.'
    BEFORE=
}

secret_cases() {
    git_cases
    keyring_cases
    credential_cases
    outlook_cases
    rm -f "$CONF"
}
