#!/bin/sh
# SPDX-License-Identifier: MIT
#
# dovecot.sh start|stop DIR: Dovecot's submission service and LMTP, as root. OpenSSL; PLAIN LOGIN CRAM-MD5 DIGEST-MD5
# SCRAM-SHA-1 SCRAM-SHA-256. The submission service only checks the login and hands the mail on: RELAY_PORT (and
# RELAY_MAILDIR, where that server delivers) must be given, from the env of postfix.sh. Stop that one first.
#
#   SMTP_PORT   submission, STARTTLS, at most 4 MB      SMTPS_PORT   the same, TLS from the start
#   LMTP_PORT   LMTP, STARTTLS, no AUTH                 LMTP_SOCKET  the same, without TLS
. "$(dirname "$0")/lib.sh"

write_users() {
    for user in alice bob carol; do
        echo "$user:{PLAIN}$TEST_PASSWORD:65534:65534::$DIR/mail::"
    done >"$DIR/users"
    chmod 644 "$DIR/users"
}

write_conf() { # SUBMISSION SUBMISSIONS LMTP
    cat >"$DIR/dovecot.conf" <<EOF
base_dir = $DIR/run
state_dir = $DIR/state
log_path = $DIR/log/dovecot.log
instance_name = envoi-test-$1
protocols = submission lmtp
listen = 127.0.0.1
hostname = dovecot.test

ssl = yes
ssl_cert = <$PKI/server.chain.pem
ssl_key = <$PKI/server.key
ssl_dh =

disable_plaintext_auth = yes
auth_failure_delay = 0
auth_mechanisms = plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%n $DIR/users
}
userdb {
  driver = passwd-file
  args = username_format=%n $DIR/users
}
first_valid_uid = 1
mail_location = maildir:$DIR/mail/%n
mail_max_userip_connections = 0

submission_relay_host = 127.0.0.1
submission_relay_port = $RELAY_PORT
submission_relay_trusted = yes
submission_max_mail_size = 4000000

service anvil {
  # Else each refused login makes the next ones wait, up to 15 seconds.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service submission-login {
  inet_listener submission {
    port = $1
  }
  inet_listener submissions {
    port = $2
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    port = $3
  }
  unix_listener lmtp {
    mode = 0666
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
EOF
}

start() {
    need_root
    need_program /usr/sbin/dovecot dovecot-core
    need_program /usr/lib/dovecot/submission-login dovecot-submissiond
    need_program /usr/lib/dovecot/lmtp dovecot-lmtpd
    : "${RELAY_PORT:?the port of the server that takes the mail}" "${RELAY_MAILDIR:?where that server delivers}"
    prepare
    mkdir -p "$DIR/run" "$DIR/state"
    chmod 755 "$DIR/run"
    chown nobody "$DIR/mail"
    write_users
    # shellcheck disable=SC2046  # three words
    set -- $(free_ports 3)
    write_conf "$@"
    /usr/sbin/dovecot -c "$DIR/dovecot.conf" >"$DIR/log/start.log" 2>&1 ||
        die "did not start: $(cat "$DIR/log/start.log" "$DIR/log/dovecot.log")"
    greets "$1" "tls:$2" "$3" || die "no greeting: $(tail "$DIR/log/dovecot.log")"
    write_env SMTP_PORT="$1" SMTPS_PORT="$2" SMALL_PORT="$1" SMALL_LIMIT=4000000 MAILDIR="$RELAY_MAILDIR" \
        LMTP_PORT="$3" LMTP_SOCKET="$DIR/run/lmtp" LMTP_MAILDIR="$DIR/mail" LOG="$DIR/log/dovecot.log"
}

case $COMMAND in
start) start ;;
stop) end_by_pid_file "$DIR/run/master.pid" ;;
esac
