/* SPDX-License-Identifier: MIT */
/* Where the members of version 1 of the ABI are, for ever: plugins that were built with it are still about. A line here
 * is never changed; what is appended gets lines of its own. Checked by the compiler, on machines with 64 bits. */
#include <envoi/plugin.h>
#include <limits.h>

#if ULONG_MAX > 0xffffffffUL && !defined(__ILP32__)

#define AT(type, member, at)                                                                                           \
    _Static_assert(offsetof(struct type, member) == (at), #type "." #member " was moved: that breaks the ABI")

AT(envoi_host, struct_size, 0);
AT(envoi_host, alloc, 8);
AT(envoi_host, realloc, 16);
AT(envoi_host, free, 24);
AT(envoi_host, wipe, 32);
AT(envoi_host, log, 40);
AT(envoi_host, set_error, 48);

AT(envoi_sink, struct_size, 0);
AT(envoi_sink, write, 8);
AT(envoi_sink, ctx, 16);

AT(envoi_lower, struct_size, 0);
AT(envoi_lower, recv, 8);
AT(envoi_lower, send, 16);
AT(envoi_lower, ctx, 24);

AT(envoi_tls_config, struct_size, 0);
AT(envoi_tls_config, system_trust, 4);
AT(envoi_tls_config, min_version, 8);
AT(envoi_tls_config, max_version, 12);
AT(envoi_tls_config, ca_file, 16);
AT(envoi_tls_config, crl_file, 24);
AT(envoi_tls_config, ciphers, 32);
AT(envoi_tls_config, cert_file, 40);
AT(envoi_tls_config, key_file, 48);
AT(envoi_tls_config, passphrase, 56);
AT(envoi_tls_config, passphrase_ctx, 64);

/* since 1.1 */
AT(envoi_tls_config, ca_pem, 72);
AT(envoi_tls_config, cert_pem, 80);
AT(envoi_tls_config, key_pem, 88);
AT(envoi_tls_config, system_ca_file, 96);
AT(envoi_tls_config, system_ca_dir, 104);

AT(envoi_conn_params, struct_size, 0);
AT(envoi_conn_params, verify, 4);
AT(envoi_conn_params, server_name, 8);
AT(envoi_conn_params, name_is_ip, 16);
AT(envoi_conn_params, pin_count, 20);
AT(envoi_conn_params, pins, 24);
AT(envoi_conn_params, ticket, 32);
AT(envoi_conn_params, ticket_len, 40);
AT(envoi_conn_params, lower, 48);
AT(envoi_conn_params, errctx, 56);

/* since 1.1 */
AT(envoi_conn_params, sni, 64);

AT(envoi_tls_info, struct_size, 0);
AT(envoi_tls_info, protocol, 4);
AT(envoi_tls_info, strength_bits, 8);
AT(envoi_tls_info, verified, 12);
AT(envoi_tls_info, resumed, 16);
AT(envoi_tls_info, protocol_name, 24);
AT(envoi_tls_info, cipher, 32);

/* since 1.1 */
AT(envoi_tls_info, group, 40);

AT(envoi_certificate, struct_size, 0);
AT(envoi_certificate, der, 8);
AT(envoi_certificate, der_len, 16);
AT(envoi_certificate, subject, 24);
AT(envoi_certificate, issuer, 32);
AT(envoi_certificate, names, 40);
AT(envoi_certificate, not_before, 48);
AT(envoi_certificate, not_after, 56);

/* since 1.1 */
AT(envoi_certificate, pin, 64);

AT(envoi_transport, struct_size, 0);
AT(envoi_transport, caps, 4);
AT(envoi_transport, name, 8);
AT(envoi_transport, library, 16);
AT(envoi_transport, probe, 24);
AT(envoi_transport, ctx_new, 32);
AT(envoi_transport, ctx_free, 40);
AT(envoi_transport, conn_new, 48);
AT(envoi_transport, handshake, 56);
AT(envoi_transport, recv, 64);
AT(envoi_transport, send, 72);
AT(envoi_transport, pending, 80);
AT(envoi_transport, shutdown, 88);
AT(envoi_transport, info, 96);
AT(envoi_transport, certificate, 104);
AT(envoi_transport, channel_binding, 112);
AT(envoi_transport, ticket, 120);
AT(envoi_transport, conn_free, 128);

AT(envoi_cred_request, struct_size, 0);
AT(envoi_cred_request, id, 4);
AT(envoi_cred_request, mechanism, 8);
AT(envoi_cred_request, prompt, 16);

AT(envoi_cred, struct_size, 0);
AT(envoi_cred, data, 8);
AT(envoi_cred, len, 16);
AT(envoi_cred, release, 24);
AT(envoi_cred, core, 32);

AT(envoi_mech_info, struct_size, 0);
AT(envoi_mech_info, flags, 4);
AT(envoi_mech_info, needs, 8);
AT(envoi_mech_info, name, 16);

AT(envoi_mech_params, struct_size, 0);
AT(envoi_mech_params, external_ssf, 4);
AT(envoi_mech_params, min_ssf, 8);
AT(envoi_mech_params, max_ssf, 12);
AT(envoi_mech_params, service, 16);
AT(envoi_mech_params, host, 24);
AT(envoi_mech_params, server_list, 32);
AT(envoi_mech_params, binding, 40);
AT(envoi_mech_params, cred, 48);
AT(envoi_mech_params, core, 56);
AT(envoi_mech_params, errctx, 64);

AT(envoi_sasl_layer, struct_size, 0);
AT(envoi_sasl_layer, ssf, 4);
AT(envoi_sasl_layer, max_chunk, 8);
AT(envoi_sasl_layer, encode, 16);
AT(envoi_sasl_layer, decode, 24);

AT(envoi_mechanism, struct_size, 0);
AT(envoi_mechanism, name, 8);
AT(envoi_mechanism, mech_at, 16);
AT(envoi_mechanism, usable, 24);
AT(envoi_mechanism, mech_new, 32);
AT(envoi_mechanism, step, 40);
AT(envoi_mechanism, layer, 48);
AT(envoi_mechanism, mech_free, 56);

AT(envoi_plugin, struct_size, 0);
AT(envoi_plugin, magic, 4);
AT(envoi_plugin, abi_major, 8);
AT(envoi_plugin, abi_minor, 12);
AT(envoi_plugin, id, 16);
AT(envoi_plugin, version, 24);
AT(envoi_plugin, license, 32);
AT(envoi_plugin, init, 40);
AT(envoi_plugin, fini, 48);
AT(envoi_plugin, transports, 56);
AT(envoi_plugin, mechanisms, 64);

#endif
