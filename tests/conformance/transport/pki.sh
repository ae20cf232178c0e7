#!/bin/sh
# SPDX-License-Identifier: MIT
#
# pki.sh DIR: makes in DIR the certificates of the transport conformance suite, good ones and one for each fault.
#
# NAME.pem is the certificate, NAME.key its key, NAME.chain.pem what a server sends: the certificate and its issuers
# without the root. ca.pem is the root that the tests trust, inter.pem its intermediate CA. NAME.pin is the SHA-256 of
# the public key (32 octets), NAME.der the certificate in DER.
set -eu
umask 077
DIR=${1:?usage: pki.sh DIR}
mkdir -p "$DIR"
cd "$DIR"
rm -rf -- hashed *.pem *.p12 *.der *.key *.pin *.cnf issued index.txt*

HOST=mail.example.test
DAYS=3650

ssl() { # openssl, heard only when it fails
    openssl "$@" 2>openssl.log || {
        cat openssl.log >&2
        exit 1
    }
}

KEY='-newkey ec -pkeyopt ec_paramgen_curve:P-256'
DIGEST=

certificate() { # NAME SUBJECT ISSUER EXTENSION...: a key and a certificate; the issuer "-" is the certificate itself
    name=$1 subject=$2 issuer=$3
    shift 3
    for extension; do
        shift
        set -- "$@" -addext "$extension"
    done
    [ "$issuer" = - ] || set -- "$@" -CA "$issuer.pem" -CAkey "$issuer.key"
    # shellcheck disable=SC2086  # KEY is a list of words, DIGEST may be none
    ssl req -config req.cnf -utf8 -x509 $KEY $DIGEST -nodes -days "$DAYS" -subj "$subject" -keyout "$name.key" -out "$name.pem" "$@"
    chain "$name" "$issuer"
}

chain() { # NAME ISSUER
    cat "$1.pem" >"$1.chain.pem"
    case $2 in
    - | ca | stranger | twin | old* | nobasic | version1 | mailroot | mixedroot | crlroot | anyroot) ;;
    *) cat "$2.chain.pem" >>"$1.chain.pem" ;;
    esac
}

authority() { # NAME SUBJECT [ISSUER]
    certificate "$1" "$2" "${3:--}" basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign,cRLSign
}

leaf() { # NAME ISSUER SAN [USE [SUBJECT]]: a SAN of "-" leaves it out
    name=$1 issuer=$2 san=$3 use=${4:-serverAuth} subject=${5:-/O=envoi tests/CN=$HOST}
    set -- basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature "extendedKeyUsage=$use"
    [ "$san" = - ] || set -- "$@" "subjectAltName=$san"
    certificate "$name" "$subject" "$issuer" "$@"
}

dated() { # NAME START END: a leaf with dates that req cannot set
    # shellcheck disable=SC2086
    ssl req -config req.cnf -new $KEY -nodes -subj "/CN=$HOST" -keyout "$1.key" -out request.pem
    ssl ca -batch -config ca.cnf -cert inter.pem -keyfile inter.key -startdate "$2" -enddate "$3" -notext \
        -in request.pem -out "$1.pem"
    chain "$1" inter
}

dated_root() { # NAME SUBJECT START END
    # shellcheck disable=SC2086
    ssl req -config req.cnf -new $KEY -nodes -subj "$2" -keyout "$1.key" -out request.pem
    ssl ca -batch -config ca.cnf -selfsign -keyfile "$1.key" -startdate "$3" -enddate "$4" -extensions authority -notext \
        -in request.pem -out "$1.pem"
}

recased() { # NAME CA SUBJECT: the key of CA under another name
    ssl req -config req.cnf -x509 -key "$2.key" -days "$DAYS" -subj "$3" -out "$1.pem" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}

cross_signed() { # NAME CA ISSUER: the key and name of CA once more, issued by ISSUER
    ssl req -config req.cnf -new -key "$2.key" -subj "/$(ssl_subject "$2")" -out request.pem
    ssl ca -batch -config ca.cnf -cert "$3.pem" -keyfile "$3.key" -extensions authority -notext -in request.pem -out "$1.pem"
}

ssl_subject() { openssl x509 -in "$1.pem" -noout -subject -nameopt RFC2253 | sed 's/^subject=//'; }

revocation_list() { # FILE CA OPTION...
    file=$1 ca=$2
    shift 2
    ssl ca -gencrl -config ca.cnf -cert "$ca.pem" -keyfile "$ca.key" -out "$file" "$@"
    : >index.txt
}

revoke() { # NAME CA
    ssl ca -revoke "$1.pem" -config ca.cnf -cert "$2.pem" -keyfile "$2.key"
}

hex() { od -An -v -tx1 | tr -d ' \n'; }

# The system's own configuration is left out of it: it may add extensions.
printf '[req]\ndistinguished_name = dn\n[dn]\n' >req.cnf
cat >ca.cnf <<EOF
[ca]
default_ca = ours
[ours]
database = index.txt
unique_subject = no
rand_serial = yes
new_certs_dir = issued
default_md = sha256
default_days = $DAYS
default_crl_days = $DAYS
policy = any
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:$HOST
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
EOF
mkdir issued
: >index.txt

authority ca '/CN=envoi test root'
authority inter '/CN=envoi test intermediate' ca
authority withdrawn '/CN=envoi withdrawn intermediate' ca
authority stranger '/CN=a root that nobody trusts'
authority forger '/CN=envoi test intermediate' stranger

leaf good inter "DNS:$HOST,DNS:alias.example.test,IP:127.0.0.1,IP:::1"
leaf upper inter 'DNS:MAIL.Example.TEST'
leaf wild inter 'DNS:*.example.test'
leaf wildtop inter 'DNS:*.test'
leaf wildpart inter 'DNS:m*.example.test'
leaf wildinner inter 'DNS:mail.*.test'
leaf wildalone inter 'DNS:*'
leaf cnonly inter -
leaf mailsan inter email:postmaster@example.test
leaf dnsip inter DNS:127.0.0.1 serverAuth '/CN=127.0.0.1'
leaf clientonly inter "DNS:$HOST" clientAuth
leaf selfsigned - "DNS:$HOST"
leaf unknownca stranger "DNS:$HOST"
leaf dialogue inter 'DNS:mx.example,DNS:other.example,IP:192.0.2.7'
leaf untrusted stranger 'DNS:mx.example,DNS:other.example,IP:192.0.2.7'
leaf byleaf good "DNS:$HOST"
leaf revoked inter "DNS:$HOST"
leaf bywithdrawn withdrawn "DNS:$HOST"
leaf odd inter "DNS:$HOST" serverAuth '/O=a, "b"\+c/CN=été'
leaf client inter email:alice@example.test clientAuth '/CN=alice'
# A dNSName with a NUL: what C strings take for HOST.
name=$(printf '%s\0.evil.test' "$HOST" | hex)
length=$(printf %02x $((${#name} / 2)))
leaf nul inter "DER:30$(printf %02x $((${#name} / 2 + 2)))82$length$name"

# What issues although it should not: trusted certificates that are no CAs, or not for TLS servers.
certificate nobasic '/CN=other.example.test' - subjectAltName=DNS:other.example.test keyUsage=digitalSignature,keyCertSign
leaf bynobasic nobasic "DNS:$HOST"
certificate mailroot '/CN=a root for mail' - basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign,cRLSign \
    extendedKeyUsage=emailProtection
leaf bymailroot mailroot "DNS:$HOST"
certificate mixedroot '/CN=a root for servers too' - basicConstraints=critical,CA:TRUE \
    extendedKeyUsage=serverAuth,emailProtection
leaf bymixedroot mixedroot "DNS:$HOST"
certificate anyroot '/CN=a root for anything' - basicConstraints=critical,CA:TRUE extendedKeyUsage=anyExtendedKeyUsage
leaf byanyroot anyroot "DNS:$HOST"
certificate crlroot '/CN=a root for lists' - basicConstraints=critical,CA:TRUE keyUsage=critical,cRLSign
leaf bycrlroot crlroot "DNS:$HOST"
# shellcheck disable=SC2086
ssl req -config req.cnf -new $KEY -nodes -subj '/CN=a root of version 1' -keyout version1.key -out request.pem
ssl x509 -req -in request.pem -key version1.key -days "$DAYS" -out version1.pem
leaf byversion1 version1 "DNS:$HOST"
certificate anyinter '/CN=an intermediate for anything' ca basicConstraints=critical,CA:TRUE \
    keyUsage=critical,keyCertSign extendedKeyUsage=anyExtendedKeyUsage
leaf byanyinter anyinter "DNS:$HOST"
leaf anyuse inter "DNS:$HOST" anyExtendedKeyUsage
leaf anyandserver inter "DNS:$HOST" anyExtendedKeyUsage,serverAuth
KEY='-newkey rsa:2048' && certificate encipher "/CN=$HOST" inter basicConstraints=critical,CA:FALSE \
    keyUsage=critical,keyEncipherment "subjectAltName=DNS:$HOST"
KEY='-newkey ec -pkeyopt ec_paramgen_curve:P-256'

# Name constraints, critical (RFC 5280 section 4.2.1.10) and, as they should not be, not.
certificate forothers '/CN=an intermediate for others' ca basicConstraints=critical,CA:TRUE \
    keyUsage=critical,keyCertSign 'nameConstraints=permitted;DNS:other.test'
leaf byforothers forothers "DNS:$HOST"
certificate strictly '/CN=an intermediate strictly for others' ca basicConstraints=critical,CA:TRUE \
    keyUsage=critical,keyCertSign 'nameConstraints=critical,permitted;DNS:other.test'
leaf bystrictly strictly "DNS:$HOST"

# Faults above the leaf: an old root that has expired, behind a cross-signed one; an intermediate that is signed with SHA-1.
dated_root oldroot '/CN=envoi old root' 20000101000000Z 20200201000000Z
cross_signed crossed ca oldroot
cp good.key viacross.key
cat good.chain.pem crossed.pem >viacross.chain.pem
DIGEST=-sha1 && authority sha1inter '/CN=envoi SHA-1 intermediate' ca && DIGEST=
leaf bysha1inter sha1inter "DNS:$HOST"

# For the ways to trust a set of CAs: a server that sends no intermediate; roots that are namesakes of ours, by octets and
# only in the eyes of who ignores case and kind of string; our root as p11-kit writes one that is distrusted.
cp good.key bare.key
cp good.pem bare.chain.pem
authority twin '/CN=envoi test root'
leaf bytwin twin "DNS:$HOST"
recased recasedca ca '/CN=Envoi  TEST root'
ssl x509 -in ca.pem -addreject serverAuth -trustout -out distrusted.pem
ssl x509 -in ca.pem -addtrust serverAuth -trustout -out trusted.pem

dated late 20200101000000Z 20550101000000Z
dated latebegin 20390101000000Z 20550101000000Z
dated expired 20200101000000Z 20200201000000Z
dated notyet 21000101000000Z 21010101000000Z

# ECDSA has no use for a key exchange; RSA keys of servers have.
KEY='-newkey rsa:2048' && leaf rsa inter "DNS:$HOST"
KEY='-newkey rsa:1024' && leaf rsa1024 inter "DNS:$HOST"
KEY='-newkey ed25519' && leaf ed25519 inter "DNS:$HOST" && leaf edself - "DNS:$HOST"

: >index.txt
revocation_list crl-ca.pem ca
revocation_list crl-stale.pem inter -crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z
revocation_list crl-forged.pem forger
revoke revoked inter
revocation_list crl-inter.pem inter
revoke withdrawn ca
revocation_list crl-withdrawn-ca.pem ca
revocation_list crl-withdrawn.pem withdrawn
cat crl-withdrawn-ca.pem crl-withdrawn.pem >crl-both.pem

ssl pkey -in client.key -aes256 -passout 'pass:key pass' -out client-encrypted.key
cat client.chain.pem client.key >client-both.pem
ssl pkcs12 -export -in client.pem -inkey client.key -passout pass: -out client.p12
mkdir hashed
cp ca.pem hashed
openssl rehash hashed
printf 'nothing of any use\n' >garbage.pem
for name in good client dialogue; do
    openssl x509 -in "$name.pem" -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary >"$name.pin"
done
ssl x509 -in good.pem -outform DER -out good.der
rm -rf issued ./*.cnf request.pem openssl.log index.txt*
