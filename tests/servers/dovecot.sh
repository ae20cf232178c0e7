#!/bin/sh
# SPDX-License-Identifier: MIT
#
# dovecot.sh start|stop DIR: Dovecot's submission service and LMTP, as root. OpenSSL; PLAIN LOGIN CRAM-MD5 DIGEST-MD5
# SCRAM-SHA-1 SCRAM-SHA-256. The submission service only checks the login and hands the mail on: RELAY_PORT (and
# RELAY_MAILDIR, where that server delivers) must be given, from the env of postfix.sh. Stop that one first. It is that
# one, too, that takes mail only from senders that belong to the user who has logged in.
#
#   SMTP_PORT   submission, STARTTLS, at most 4 MB      SMTPS_PORT   the same, TLS from the start
#   CERT_PORT   submission, AUTH EXTERNAL for who shows a client certificate
#   LMTP_PORT   LMTP, STARTTLS, no AUTH                 LMTP_SOCKET  the same, without TLS
. "$(dirname "$0")/lib.sh"

write_users() {
    for user in alice bob carol; do
        echo "$user:{PLAIN}$TEST_PASSWORD:65534:65534::$DIR/mail::"
    done >"$DIR/users"
    # Nothing fits in this one, which LMTP says after the content.
    echo "late:{PLAIN}$TEST_PASSWORD:65534:65534::$DIR/mail::$(of_version quota)" >>"$DIR/users"
    echo 'alice::::::: nopassword=y' >"$DIR/certified"
    chmod 644 "$DIR/users" "$DIR/certified"
}

# Since 2.4 many settings have other names.
of_version() { # WHICH
    case $VERSION in
    2.3*) "$1_2_3" ;;
    *) "$1_2_4" ;;
    esac
}

settings_2_3() {
    cat <<EOF
ssl_cert = <$PKI/server.chain.pem
ssl_key = <$PKI/server.key
ssl_dh =
disable_plaintext_auth = yes
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%n $DIR/users
}
userdb {
  driver = passwd-file
  args = username_format=%n $DIR/users
}
mail_location = maildir:$DIR/mail/%n
mail_plugins = quota
plugin {
  quota = maildir:box
}
service submission-login {
  service_count = 0
}
EOF
}

settings_2_4() {
    cat <<EOF
ssl_server_cert_file = $PKI/server.chain.pem
ssl_server_key_file = $PKI/server.key
auth_allow_cleartext = no
passdb passwd-file {
  default_password_scheme = PLAIN
  auth_username_format = %{user | username}
  passwd_file_path = $DIR/users
}
userdb passwd-file {
  auth_username_format = %{user | username}
  passwd_file_path = $DIR/users
}
mail_driver = maildir
mail_path = $DIR/mail/%{user | username}
mail_plugins {
  quota = yes
}
quota box {
  quota_driver = maildir
}
quota_storage_grace = 0
service lmtp {
  restart_request_count = unlimited
}
service submission-login {
  restart_request_count = unlimited
}
EOF
}

certificates_2_3() {
    cat <<EOF
ssl_ca = <$PKI/client-ca.pem
ssl_require_crl = no
ssl_verify_client_cert = yes
passdb {
  driver = passwd-file
  args = username_format=%n $DIR/certified
}
EOF
}

certificates_2_4() {
    cat <<EOF
ssl_server_ca_file = $PKI/client-ca.pem
ssl_server_require_crl = no
ssl_server_request_client_cert = yes
passdb certified {
  driver = passwd-file
  auth_username_format = %{user | username}
  passwd_file_path = $DIR/certified
}
EOF
}

quota_2_3() { echo 'userdb_quota_rule=*:bytes=10'; }
quota_2_4() { echo userdb_quota_storage_size=10B; }

head_2_3() { :; }
head_2_4() { printf 'dovecot_config_version = %s\ndovecot_storage_version = %s\n' "$VERSION" "$VERSION"; }

write_conf() { # SUBMISSION SUBMISSIONS LMTP
    cat >"$DIR/dovecot.conf" <<EOF
$(of_version head)
base_dir = $DIR/run
state_dir = $DIR/state
log_path = $DIR/log/dovecot.log
instance_name = envoi-test-$1
protocols = submission lmtp
listen = 127.0.0.1
hostname = dovecot.test

ssl = yes
auth_failure_delay = 0
auth_mechanisms = plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256
$(of_version settings)
first_valid_uid = 1
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
# A process has keys of its own for the tickets of TLS: one process, or a session is resumed only by chance.
service submission-login {
  process_min_avail = 1
  process_limit = 1
  inet_listener submission {
    port = $1
  }
  inet_listener submissions {
    port = $2
    ssl = yes
  }
}
service lmtp {
  process_limit = 1
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

# A second instance: one that asks for certificates breaks the connection of who wants to resume a TLS session.
write_cert_conf() { # SUBMISSION
    cat >"$DIR/cert.conf" <<EOF
$(of_version head)
!include $DIR/dovecot.conf
base_dir = $DIR/cert-run
state_dir = $DIR/cert-state
log_path = $DIR/log/cert.log
instance_name = envoi-test-$1
protocols = submission
auth_mechanisms = external
auth_ssl_username_from_cert = yes
$(of_version certificates)
service submission-login {
  inet_listener submission {
    port = $1
  }
  inet_listener submissions {
    port = 0
  }
}
EOF
}

run_instance() { # CONF LOG
    /usr/sbin/dovecot -c "$1" >"$DIR/log/start.log" 2>&1 || die "did not start: $(cat "$DIR/log/start.log" "$2")"
}

start() {
    need_root
    need_program /usr/sbin/dovecot dovecot-core
    need_program /usr/lib/dovecot/submission-login dovecot-submissiond
    need_program /usr/lib/dovecot/lmtp dovecot-lmtpd
    : "${RELAY_PORT:?the port of the server that takes the mail}" "${RELAY_MAILDIR:?where that server delivers}"
    VERSION=$(/usr/sbin/dovecot --version | sed 's/[^0-9.].*//')
    prepare
    mkdir -p "$DIR/run" "$DIR/state" "$DIR/cert-run" "$DIR/cert-state"
    chmod 755 "$DIR/run" "$DIR/cert-run"
    chown nobody "$DIR/mail"
    write_users
    # shellcheck disable=SC2046  # four words
    set -- $(free_ports 4)
    write_conf "$1" "$2" "$3"
    write_cert_conf "$4"
    run_instance "$DIR/dovecot.conf" "$DIR/log/dovecot.log"
    run_instance "$DIR/cert.conf" "$DIR/log/cert.log"
    greets "$1" "tls:$2" "$3" "$4" || die "no greeting: $(tail "$DIR/log/dovecot.log")"
    write_env SMTP_PORT="$1" SMTPS_PORT="$2" SMALL_PORT="$1" SMALL_LIMIT=4000000 MAILDIR="$RELAY_MAILDIR" \
        SUBMIT_PORT="$1" CERT_PORT="$4" CERT_MECHANISM=EXTERNAL LMTP_PORT="$3" LMTP_SOCKET="$DIR/run/lmtp" LMTP_MAILDIR="$DIR/mail" LOG="$DIR/log/dovecot.log"
}

case $COMMAND in
start) start ;;
stop)
    end_by_pid_file "$DIR/cert-run/master.pid"
    end_by_pid_file "$DIR/run/master.pid"
    ;;
esac
