#!/bin/sh
# SPDX-License-Identifier: MIT
#
# krb5.sh start|stop DIR: a KDC of MIT Kerberos for the realm ENVOI.TEST, on TCP; needs no root. All it has is in DIR.
#
#   KRB5_CONFIG  what clients and servers read       KRB5_KTNAME  the keytab of the servers: smtp/localhost
#   KDC_PORT     where it listens                    KRB5CCNAME   a cache with alice's ticket-granting ticket, no other
. "$(dirname "$0")/lib.sh"

REALM=ENVOI.TEST
KRB5_CONFIG=$DIR/krb5.conf
KRB5_KDC_PROFILE=$DIR/kdc.conf
KRB5CCNAME=FILE:$DIR/tickets
export KRB5_CONFIG KRB5_KDC_PROFILE KRB5CCNAME

write_krb5_conf() { # PORT
    # The names of hosts are not looked up: what the client was told is what its ticket is for. A server on this machine has
    # a name of its own for itself, so any key of its keytab will do.
    cat >"$KRB5_CONFIG" <<CONF
[libdefaults]
 default_realm = $REALM
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 ignore_acceptor_hostname = true
 udp_preference_limit = 1
[realms]
 $REALM = {
  kdc = 127.0.0.1:$1
 }
CONF
}

write_kdc_conf() { # PORT
    cat >"$KRB5_KDC_PROFILE" <<CONF
[kdcdefaults]
 kdc_listen = ""
 kdc_tcp_listen = 127.0.0.1:$1
[realms]
 $REALM = {
  database_name = $DIR/principals
  key_stash_file = $DIR/stash
  acl_file = $DIR/acl
  supported_enctypes = aes256-cts:normal
 }
[logging]
 kdc = FILE:$DIR/log/kdc.log
CONF
}

make_principals() {
    kdb5_util -r "$REALM" create -s -P "$TEST_PASSWORD" ||
        die "no database: $(cat "$DIR/log/setup.log")"
    kadmin.local -r "$REALM" <<WORDS
addprinc -pw "$TEST_PASSWORD" $TEST_USER
addprinc -randkey smtp/localhost
ktadd -k $DIR/keytab smtp/localhost
WORDS
    [ -s "$DIR/keytab" ] || die "no keytab: $(cat "$DIR/log/setup.log")"
    # The servers change to users of their own before they read it.
    chmod 644 "$DIR/keytab"
}

start() {
    need_program /usr/sbin/krb5kdc krb5-kdc
    need_program /usr/sbin/kadmin.local krb5-admin-server
    need_program /usr/bin/kinit krb5-user
    [ -n "$(find /usr/lib/sasl2 /usr/lib/*/sasl2 -name libgssapiv2.so 2>/dev/null)" ] ||
        die "Cyrus SASL has no module for it (package libsasl2-modules-gssapi-mit)"
    mkdir -p "$DIR/log"
    chmod 755 "$DIR" "$DIR/log"
    port=$(free_ports 1)
    write_krb5_conf "$port"
    write_kdc_conf "$port"
    make_principals >"$DIR/log/setup.log" 2>&1
    # It listens before it leaves for the background.
    krb5kdc -r "$REALM" -P "$DIR/kdc.pid" >"$DIR/log/start.log" 2>&1 || die "did not start: $(cat "$DIR/log/start.log")"
    echo "$TEST_PASSWORD" | kinit "$TEST_USER" >"$DIR/log/kinit.log" 2>&1 || die "no ticket: $(cat "$DIR/log/kinit.log")"
    write_env KRB5_CONFIG="$KRB5_CONFIG" KRB5_KTNAME="$DIR/keytab" KRB5CCNAME="$KRB5CCNAME" KDC_PORT="$port"
}

case $COMMAND in
start) start ;;
stop) end_by_pid_file "$DIR/kdc.pid" ;;
*) die "$USAGE" ;;
esac
