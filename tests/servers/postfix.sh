#!/bin/sh
# SPDX-License-Identifier: MIT
#
# postfix.sh start|stop|again DIR: Postfix with Cyrus SASL (PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256) and
# OpenSSL, as root. Mail for bob and carol goes to Maildirs in DIR/mail.
#
#   SMTP_PORT   STARTTLS, AUTH before and after it      SMTPS_PORT   the same, TLS from the start
#   SUBMIT_PORT STARTTLS first, AUTH needed, and a sender must belong to the user who has logged in
#   SMALL_PORT  messages of at most 2000 octets         CERT_PORT    a client certificate instead of AUTH
#   ERRORS_PORT as SMTP_PORT, and says 421 after the third refusal
#   KRB_PORT    as SUBMIT_PORT, with GSSAPI, GS2-KRB5, GSS-SPNEGO and SCRAM-SHA-256; only where KRB5_CONFIG and KRB5_KTNAME
#               of krb5.sh are in the environment
#   RELAY_PORT  no TLS, no AUTH, XCLIENT, and a sender must belong to the user whom that names: for dovecot.sh
. "$(dirname "$0")/lib.sh"

SBIN=/usr/lib/postfix/sbin
ETC=$DIR/etc
SPOOL=$DIR/spool

make_folders() {
    mkdir -p "$ETC/sasl" "$DIR/data" "$SPOOL/pid"
    chmod 755 "$ETC" "$ETC/sasl" "$SPOOL"
    chown postfix "$DIR/data"
    chown nobody "$DIR/mail"
    for queue in active bounce corrupt defer deferred flush hold incoming private saved trace; do
        mkdir -p "$SPOOL/$queue"
        chown postfix "$SPOOL/$queue"
        chmod 700 "$SPOOL/$queue"
    done
    mkdir -p "$SPOOL/maildrop" "$SPOOL/public"
    chown postfix:postdrop "$SPOOL/maildrop" "$SPOOL/public"
    chmod 730 "$SPOOL/maildrop"
    chmod 710 "$SPOOL/public"
}

write_main_cf() {
    cat >"$ETC/main.cf" <<EOF
compatibility_level = 3.6
queue_directory = $SPOOL
data_directory = $DIR/data
daemon_directory = $SBIN
maillog_file = $DIR/log/mail.log
maillog_file_prefixes = $DIR
import_environment = MAIL_CONFIG MAIL_LOGTAG TZ LANG=C${KRB5_CONFIG:+ KRB5_CONFIG=$KRB5_CONFIG}

myhostname = postfix.test
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
mynetworks = 192.0.2.0/32
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
default_transport = error:nothing leaves this server
virtual_mailbox_domains = test
virtual_mailbox_base = $DIR/mail
virtual_mailbox_maps = inline:{ bob@test=bob/ carol@test=carol/ full@test=full/ defer@test=defer/ policy@test=policy/ }
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 100
message_size_limit = 20000000
virtual_mailbox_limit = 0
queue_minfree = 0
smtputf8_enable = yes

test_senders = inline:{
  { refused@test = 550 5.7.1 Sender refused }
  { slow@test = 451 4.7.1 Sender deferred } }
test_data = inline:{ { nodata@test = 554 5.7.1 DATA refused } }
test_content = inline:{ { nocontent@test = 554 5.7.1 Content refused } }
test_recipients = inline:{
  { policy@test = 554 5.7.1 Refused by policy }
  { full@test = 452 4.2.2 Mailbox full }
  { defer@test = 450 4.7.1 Greylisted, try later } }
test_owners = inline:{ { alice@test = alice, alice@test } { bob@test = bob } { carol@test = carol } }
smtpd_delay_reject = no
smtpd_sender_restrictions = check_sender_access \$test_senders
smtpd_recipient_restrictions = check_recipient_access \$test_recipients
smtpd_data_restrictions = check_sender_access \$test_data
smtpd_end_of_data_restrictions = check_sender_access \$test_content
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 100
smtpd_hard_error_limit = 200

smtpd_tls_security_level = may
smtpd_tls_chain_files = $PKI/server.key, $PKI/server.chain.pem
smtpd_tls_CAfile = $PKI/client-ca.pem
smtpd_tls_loglevel = 1
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = $ETC/sasl
smtpd_sasl_local_domain = test
smtpd_sasl_security_options = noanonymous
EOF
}

smtpd() { # PORT OPTION...: one listener of master.cf
    echo "127.0.0.1:$1 inet n - n - - smtpd"
    shift
    for option; do
        echo "  -o $option"
    done
}

write_master_cf() {
    {
        smtpd "$smtp"
        smtpd "$smtps" smtpd_tls_wrappermode=yes
        smtpd "$submit" smtpd_tls_security_level=encrypt smtpd_sender_login_maps=\$test_owners \
            smtpd_sender_restrictions=check_sender_access,\$test_senders,reject_sender_login_mismatch \
            smtpd_relay_restrictions=permit_sasl_authenticated,reject
        [ -z "$krb" ] ||
            smtpd "$krb" smtpd_sasl_path=kerberos smtpd_tls_security_level=encrypt smtpd_sender_login_maps=\$test_owners \
                smtpd_sender_restrictions=check_sender_access,\$test_senders,reject_sender_login_mismatch \
                smtpd_relay_restrictions=permit_sasl_authenticated,reject
        smtpd "$small" message_size_limit=2000
        smtpd "$errors" smtpd_hard_error_limit=3
        smtpd "$cert" smtpd_tls_security_level=encrypt smtpd_tls_ask_ccert=yes smtpd_tls_req_ccert=yes \
            smtpd_sasl_auth_enable=no smtpd_relay_restrictions=permit_tls_all_clientcerts,reject
        # XCLIENT tells who has logged in to Dovecot, and Postfix looks at that only where it has logins of its own.
        smtpd "$relay" smtpd_tls_security_level=none smtpd_sasl_exceptions_networks=127.0.0.0/8 \
            smtpd_sender_login_maps=\$test_owners \
            smtpd_sender_restrictions=check_sender_access,\$test_senders,reject_known_sender_login_mismatch mynetworks=127.0.0.0/8 \
            smtpd_authorized_xclient_hosts=127.0.0.0/8 smtpd_relay_restrictions=permit_mynetworks,reject
        cat <<'EOF'
postlog    unix-dgram n - n - 1 postlogd
pickup     unix n - n 60 1 pickup
cleanup    unix n - n - 0 cleanup
qmgr       unix n - n 300 1 qmgr
tlsmgr     unix - - n 1000? 1 tlsmgr
rewrite    unix - - n - - trivial-rewrite
bounce     unix - - n - 0 bounce
defer      unix - - n - 0 bounce
trace      unix - - n - 0 bounce
proxymap   unix - - n - - proxymap
error      unix - - n - - error
retry      unix - - n - - error
virtual    unix - n n - - virtual
anvil      unix - - n - 1 anvil
showq      unix n - n - - showq
EOF
    } >"$ETC/master.cf"
}

write_sasl() {
    cat >"$ETC/sasl/smtpd.conf" <<EOF
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: $ETC/sasl/users
mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256
EOF
    # An empty "keytab:" would keep every smtpd from starting.
    [ -z "$krb" ] || cat >"$ETC/sasl/kerberos.conf" <<EOF
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: $ETC/sasl/users
keytab: $KRB5_KTNAME
mech_list: GSSAPI GS2-KRB5 GSS-SPNEGO SCRAM-SHA-256
EOF
    printf '%s' "$TEST_PASSWORD" | saslpasswd2 -p -c -f "$ETC/sasl/users" -u test "$TEST_USER"
    chown postfix "$ETC/sasl/users"
}

start_master() {
    # Not by "postfix start": that is for the installed instance, and waits a second.
    "$SBIN/master" -c "$ETC" -w >"$DIR/log/start.log" 2>&1 ||
        die "did not start: $(cat "$DIR/log/start.log" "$DIR/log/mail.log")"
}

again() {
    port=$(sed -n 's/^127.0.0.1:\([0-9]*\) .*/\1/p' "$ETC/master.cf" | head -n 1)
    start_master
    greets "$port" || die "no greeting: $(tail "$DIR/log/mail.log")"
}

start() {
    need_root
    need_program "$SBIN/master" postfix
    need_program /usr/sbin/saslpasswd2 sasl2-bin
    prepare
    make_folders
    # shellcheck disable=SC2046  # eight words
    set -- $(free_ports 8)
    smtp=$1 smtps=$2 submit=$3 small=$4 cert=$5 relay=$6 errors=$7 krb=${KRB5_KTNAME:+$8}
    write_main_cf
    write_master_cf
    write_sasl
    # Every program of Postfix waits up to two seconds when its configuration is younger than that.
    touch -d '1 minute ago' "$ETC/main.cf" "$ETC/master.cf"
    start_master
    greets "$smtp" "tls:$smtps" "$submit" "$small" "$cert" "$relay" "$errors" ${krb:+"$krb"} || die "no greeting: $(tail "$DIR/log/mail.log")"
    write_env SMTP_PORT="$smtp" SMTPS_PORT="$smtps" SUBMIT_PORT="$submit" RELAY_PORT="$relay" CERT_PORT="$cert" \
        ERRORS_PORT="$errors" SMALL_PORT="$small" SMALL_LIMIT=2000 MAILDIR="$DIR/mail" LOG="$DIR/log/mail.log" \
        ${krb:+KRB_PORT="$krb"}
}

case $COMMAND in
start) start ;;
again) again ;;
stop) end_by_pid_file "$SPOOL/pid/master.pid" ;;
esac
