#!/bin/sh
# SPDX-License-Identifier: MIT
#
# pki.sh DIR: makes a throw-away set of certificates (EC P-256) in DIR, in less than a second.
#
# NAME.pem is the certificate, NAME.key its key, NAME.chain.pem the certificate and its issuer, as a server sends it.
#   ca          the root that clients trust            inter       issues all that follows
#   server      localhost, 127.0.0.1, ::1
#   expired     the same names, over since 2020        wronghost   other.test only
#   selfsigned  the same names, its own issuer         unknownca   the same names, from a CA that nobody trusts
#   cnonly      localhost as a common name, no subjectAltName
#   client      for alice@test                         client-encrypted.key: its key under the passphrase "key pass"
# client-ca.pem (root and intermediate) is for servers that ask clients for a certificate.
set -eu
umask 022
DIR=${1:?usage: pki.sh DIR}
mkdir -p "$DIR"
cd "$DIR"

NAMES=DNS:localhost,IP:127.0.0.1,IP:::1
DAYS=30

ssl() { # openssl, heard only when it fails
    openssl "$@" 2>openssl.log || {
        cat openssl.log >&2
        exit 1
    }
}

certificate() { # NAME SUBJECT ISSUER EXTENSION...: a key and a certificate; no issuer ("-") makes it sign itself
    name=$1 subject=$2 issuer=$3
    shift 3
    for extension; do
        shift
        set -- "$@" -addext "$extension"
    done
    if [ "$issuer" != - ]; then
        set -- "$@" -CA "$issuer.pem" -CAkey "$issuer.key"
    fi
    ssl req -config req.cnf -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$DAYS" \
        -subj "$subject" -keyout "$name.key" -out "$name.pem" "$@"
    if [ "$issuer" = - ]; then
        cat "$name.pem" >"$name.chain.pem"
    else
        cat "$name.pem" "$issuer.pem" >"$name.chain.pem"
    fi
}

authority() { # NAME SUBJECT [ISSUER]
    certificate "$1" "$2" "${3:--}" basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign,cRLSign
}

leaf() { # NAME SUBJECT ISSUER USE [SAN]
    name=$1 subject=$2 issuer=$3 use=$4 san=${5:-}
    certificate "$name" "$subject" "$issuer" basicConstraints=critical,CA:FALSE \
        keyUsage=critical,digitalSignature "extendedKeyUsage=$use" ${san:+"subjectAltName=$san"}
}

# openssl req sets no dates in the past, openssl ca does.
expired() {
    ssl req -config req.cnf -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
        -keyout expired.key -out expired.csr
    cat >ca.cnf <<EOF
[ca]
default_ca = ours
[ours]
database = index.txt
rand_serial = yes
new_certs_dir = issued
default_md = sha256
policy = any
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = $NAMES
EOF
    mkdir -p issued
    : >index.txt
    ssl ca -batch -config ca.cnf -cert inter.pem -keyfile inter.key -startdate 20200101000000Z \
        -enddate 20200201000000Z -notext -in expired.csr -out expired.pem
    cat expired.pem inter.pem >expired.chain.pem
}

# The system's own configuration is left out of it: it may add extensions.
printf '[req]\ndistinguished_name = dn\n[dn]\n' >req.cnf

authority ca '/CN=envoi test root'
authority inter '/CN=envoi test intermediate' ca
authority stranger '/CN=a root that nobody trusts'
leaf server /CN=localhost inter serverAuth "$NAMES"
leaf wronghost /CN=other.test inter serverAuth DNS:other.test
leaf selfsigned /CN=localhost - serverAuth "$NAMES"
leaf unknownca /CN=localhost stranger serverAuth "$NAMES"
leaf cnonly /CN=localhost inter serverAuth
leaf client /CN=alice inter clientAuth email:alice@test
expired
ssl pkey -in client.key -aes256 -passout 'pass:key pass' -out client-encrypted.key
cat ca.pem inter.pem >client-ca.pem

rm -rf issued ./*.csr ./*.cnf ./*.log index.txt*
# Servers of several users read their keys; the client's are kept as a client's keys are.
chmod 644 ./*.key
chmod 600 client.key client-encrypted.key
