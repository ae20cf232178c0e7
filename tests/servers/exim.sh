#!/bin/sh
# SPDX-License-Identifier: MIT
#
# exim.sh start|stop DIR: Exim with GnuTLS, as root, from where "scripts/deps --servers" has unpacked it. PLAIN LOGIN
# CRAM-MD5 by its own drivers, DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256 by Cyrus SASL. Mail for bob and carol goes to
# Maildirs in DIR/mail.
#
#   SMTP_PORT   STARTTLS, AUTH before and after it      SMTPS_PORT   the same, TLS from the start
#   SUBMIT_PORT as SMTP_PORT, and a sender must belong to the user who has logged in
#   SMALL_PORT  messages of at most 2000 octets         CERT_PORT    a client certificate instead of AUTH
#   KRB_PORT    as SUBMIT_PORT, with GSSAPI besides; only where KRB5_CONFIG and KRB5_KTNAME of krb5.sh are in the environment
. "$(dirname "$0")/lib.sh"

EXIM=${ENVOI_EXIM_ROOT:-/opt/envoi-test-servers/exim}/usr/sbin/exim4
SASL=$DIR/sasl

write_sasl() {
    mkdir -p "$SASL"
    cat >"$SASL/exim.conf" <<EOF
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: $SASL/users
mech_list: DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256 GSSAPI
EOF
    printf '%s' "$TEST_PASSWORD" | saslpasswd2 -p -c -f "$SASL/users" -u test "$TEST_USER"
    chown Debian-exim "$SASL/users"
}

write_conf() { # SMTP SMTPS SMALL CERT SUBMIT KRB
    cat >"$DIR/exim.conf" <<EOF
keep_environment = SASL_CONF_PATH : KRB5_CONFIG : KRB5_KTNAME
primary_hostname = exim.test
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = $DIR/spool
log_file_path = $DIR/log/%slog
pid_file_path = $DIR/exim.pid
notifier_socket =
never_users =
trusted_users = root
deliver_drop_privilege = true

local_interfaces = 127.0.0.1
daemon_smtp_ports = $1 : $2 : $3 : $4 : $5 : $6
tls_on_connect_ports = $2
daemon_startup_retries = 0
host_lookup =
rfc1413_hosts =
check_spool_space = 0
check_spool_inodes = 0
# Else what comes after the tenth message of a connection, or from the twentieth client, waits for a queue runner.
smtp_accept_queue_per_connection = 0
smtp_accept_max = 200
message_size_limit = \${if eq{\$received_port}{$3}{2000}{20000000}}
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *

tls_advertise_hosts = *
tls_certificate = $PKI/server.chain.pem
tls_privatekey = $PKI/server.key
tls_resumption_hosts = *
tls_verify_certificates = $PKI/client-ca.pem
tls_verify_hosts = \${if eq{\$received_port}{$4}{*}}
auth_advertise_hosts = \${if eq{\$received_port}{$4}{}{*}}

acl_smtp_mail = sender
acl_smtp_rcpt = recipient
acl_smtp_predata = data
acl_smtp_data = content

begin acl
sender:
  deny    condition = \${if eq{\$sender_address}{refused@test}}
          message = 550 5.7.1 Sender refused
  defer   condition = \${if eq{\$sender_address}{slow@test}}
          message = 451 4.7.1 Sender deferred
  deny    condition = \${if and{{or{{eq{\$received_port}{$5}}{eq{\$received_port}{$6}}}}{!eq{\$sender_address}{\$authenticated_id@test}}}}
          message = 553 5.7.1 Not your address
  accept
recipient:
  defer   local_parts = full
          message = 452 4.2.2 Mailbox full
  defer   local_parts = defer
          message = 450 4.7.1 Greylisted, try later
  deny    local_parts = policy
          message = 554 5.7.1 Refused by policy
  deny    !local_parts = bob : carol
          message = 550 5.1.1 User unknown
  accept  authenticated = *
  accept  verify = certificate
  deny    message = 550 5.7.1 Log in first
data:
  deny    condition = \${if eq{\$sender_address}{nodata@test}}
          message = 554 5.7.1 DATA refused
  accept
content:
  deny    condition = \${if eq{\$sender_address}{nocontent@test}}
          message = 554 5.7.1 Content refused
  accept

begin routers
box:
  driver = accept
  domains = test
  local_parts = bob : carol
  transport = maildir

begin transports
maildir:
  driver = appendfile
  directory = $DIR/mail/\$local_part_data
  create_directory
  maildir_format
  return_path_add

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{\$auth2}{$TEST_USER}}{eq{\$auth3}{$TEST_PASSWORD}}}}
  server_set_id = \$auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = \${if and{{eq{\$auth1}{$TEST_USER}}{eq{\$auth2}{$TEST_PASSWORD}}}}
  server_set_id = \$auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = \${if eq{\$auth1}{$TEST_USER}{$TEST_PASSWORD}fail}
  server_set_id = \$auth1
EOF
    for mechanism in DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256; do
        cat <<EOF
cyrus_$(echo "$mechanism" | tr - _):
  driver = cyrus_sasl
  public_name = $mechanism
  server_realm = test
  server_hostname = exim.test
  server_set_id = \$auth1
EOF
    done >>"$DIR/exim.conf"
    [ -z "${KRB5_KTNAME:-}" ] || cat <<EOF >>"$DIR/exim.conf"
cyrus_GSSAPI:
  driver = cyrus_sasl
  public_name = GSSAPI
  server_hostname = localhost
  server_set_id = \$auth1
  server_advertise_condition = \${if eq{\$received_port}{$6}}
EOF
}

start() {
    need_root
    need_program "$EXIM" 'exim4-daemon-heavy, unpacked by "ENVOI_CI=1 scripts/deps --servers"'
    need_program /usr/sbin/saslpasswd2 sasl2-bin
    prepare
    mkdir -p "$DIR/spool"
    chown Debian-exim: "$DIR/spool" "$DIR/log" "$DIR/mail"
    write_sasl
    # shellcheck disable=SC2046  # six words
    set -- $(free_ports 6)
    write_conf "$@"
    SASL_CONF_PATH=$SASL "$EXIM" -C "$DIR/exim.conf" -bd >"$DIR/log/start.log" 2>&1 ||
        die "did not start: $(cat "$DIR/log/start.log")"
    greets "$1" "tls:$2" "$3" "$4" "$5" "$6" || die "no greeting: $(cat "$DIR"/log/*)"
    write_env SMTP_PORT="$1" SMTPS_PORT="$2" CERT_PORT="$4" SUBMIT_PORT="$5" SMALL_PORT="$3" SMALL_LIMIT=2000 \
        MAILDIR="$DIR/mail" LOG="$DIR/log/mainlog" ${KRB5_KTNAME:+KRB_PORT="$6"}
}

case $COMMAND in
start) start ;;
stop) end_by_pid_file "$DIR/exim.pid" ;;
esac
