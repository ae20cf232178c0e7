/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A lookup: which servers does a mail domain name in DNS? It is for programs that help a person to set up an account.
 * Sending does not need it: envoi_session_connect() looks up the addresses of a host by itself.
 *
 * @code{.c}
 * // Prints the servers that take mail from the users of a domain.
 * int print_servers(struct envoi_library *lib, const char *domain)
 * {
 *     struct envoi_lookup *lookup;
 *     int rc = envoi_lookup_new(lib, &lookup);
 *
 *     if (rc)
 *         return rc;
 *     rc = envoi_lookup_submission(lookup, domain);
 *     for (size_t i = 0; i < envoi_lookup_servers(lookup); i++)
 *         printf("%s:%u\n", envoi_lookup_host(lookup, i), envoi_lookup_port(lookup, i));
 *     if (rc)
 *         fprintf(stderr, "%s\n", envoi_lookup_error(lookup));
 *     envoi_lookup_free(lookup);
 *     return rc;
 * }
 * @endcode
 *
 * **Trust.** The answers are not protected: anybody on the way can forge them. So RFC 6186 section 6 lets a program use
 * a server only if its certificate is for the *domain*, if its host lies within the domain (envoi_lookup_within()), or
 * if the person has agreed to the host. A program gives the domain to envoi_session_set_tls_name(), or it asks.
 *
 * **Errors.** Every function takes NULL for the object and then returns ENVOI_E_USAGE (or 0, -1 or NULL). This is not
 * repeated below, nor is ENVOI_OK, which means success.
 *
 * **Threads, fork.** One thread at a time. In a child of fork(2) the verbs and envoi_lookup_process() return
 * ENVOI_E_USAGE, and envoi_lookup_free() works.
 *
 * @since 0.1
 */
#ifndef ENVOI_LOOKUP_H
#define ENVOI_LOOKUP_H

#include <envoi/session.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_lookup;

/** @name Life
 * @{ */
/** Makes a lookup.
 * @param library  must outlive it
 * @param out      set to the lookup, which the caller frees with envoi_lookup_free(); set to NULL on failure
 * @retval ENVOI_E_USAGE   library or out is NULL
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_lookup_new(struct envoi_library *library, struct envoi_lookup **out);
/** Frees a lookup; NULL is a no-op. Ends a verb that is in progress. Not from the watch function. @since 0.1 */
void envoi_lookup_free(struct envoi_lookup *lookup);
/** @} */

/** @name Verbs
 * Each asks the name servers of the machine, not /etc/hosts. A verb replaces the servers that an earlier one found.
 *
 * All fail with:
 * - ENVOI_E_USAGE: domain is NULL or no host name; in a forked child
 * - ENVOI_E_BUSY: a verb is in progress
 * - ENVOI_E_RESOLVE: the domain does not exist or has no such record
 * - ENVOI_E_NOT_SUPPORTED: the domain says that it has no such service: its only host is the root, "."
 * - ENVOI_E_LOOKUP: no name server gives an answer; it may be another one later
 * - ENVOI_E_TIMEOUT: not within the time of envoi_lookup_set_timeout()
 * - ENVOI_E_SYSTEM: poll(2) failed
 * - ENVOI_E_MEMORY
 * - ENVOI_E_AGAIN: in the non-blocking face: envoi_lookup_process() goes on
 * @{ */
/** Looks for the servers to which the users of a domain submit mail: the SRV records of `_submissions._tcp` (implicit
 * TLS, RFC 8314 section 5.1) and of `_submission._tcp` (STARTTLS, RFC 6186 section 3.1), asked for at once. The first
 * kind comes first; within a kind the order is by priority, and by lot and weight among equal ones (RFC 2782). If one
 * kind cannot be had, those of the other are the result. At most 32 of each kind are kept.
 * @param lookup  the lookup
 * @param domain  the part of the person's address behind the "@"; Unicode is allowed; copied
 * @since 0.1 */
int envoi_lookup_submission(struct envoi_lookup *lookup, const char *domain);
/** Looks for the hosts that receive mail for a domain: its MX records by preference (RFC 5321 section 5.1), at most 32.
 * A domain without MX has no result; its own address is not taken instead. "." is RFC 7505's null MX.
 * @param lookup  the lookup
 * @param domain  likewise
 * @since 0.1 */
int envoi_lookup_exchangers(struct envoi_lookup *lookup, const char *domain);
/** @} */

/** @name The servers that the last verb found
 * The index runs from 0. Texts live until the next verb.
 * @{ */
/** Returns their number; 0 while a verb is in progress. @since 0.1 */
size_t envoi_lookup_servers(const struct envoi_lookup *lookup);
/** Returns the host, in A-labels without a trailing dot; NULL if there is no such number. @since 0.1 */
const char *envoi_lookup_host(const struct envoi_lookup *lookup, size_t index);
/** Returns the port (25 of an MX record); 0 if there is no such number. @since 0.1 */
unsigned envoi_lookup_port(const struct envoi_lookup *lookup, size_t index);
/** Returns the policy for envoi_session_set_tls(): ENVOI_TLS_IMPLICIT, ENVOI_TLS_REQUIRED, or of an MX record
 * ENVOI_TLS_OPPORTUNISTIC; -1 if there is no such number. @since 0.1 */
int envoi_lookup_tls(const struct envoi_lookup *lookup, size_t index);
/** Returns 1 if the host is the domain or lies below it. If not, ask the person: see "Trust". 0 also if there is no
 * such number. @since 0.1 */
int envoi_lookup_within(const struct envoi_lookup *lookup, size_t index);
/** Returns a text for a person about the failure of the last verb; "" if it succeeded. Lives until the next verb.
 * @since 0.1 */
const char *envoi_lookup_error(const struct envoi_lookup *lookup);
/** @} */

/** @name Settings, and the non-blocking face, like that of a session
 * @{ */
/** Sets how long a verb may take.
 * @param lookup        the lookup
 * @param milliseconds  at least 1; 30000 is the default
 * @retval ENVOI_E_USAGE  less than 1
 * @since 0.1 */
int envoi_lookup_set_timeout(struct envoi_lookup *lookup, int64_t milliseconds);
/** Makes the lookup non-blocking.
 * @param lookup  the lookup
 * @param watch   NULL: blocking again
 * @param ctx     passed to it
 * @retval ENVOI_E_BUSY  a verb is in progress
 * @since 0.1 */
int envoi_lookup_set_watch(struct envoi_lookup *lookup, envoi_watch_fn *watch, void *ctx);
/** Carries the verb on. Call it when a watched descriptor is ready and when the deadline has passed.
 * @param lookup  the lookup
 * @param fd      the descriptor that is ready; -1: none
 * @param events  ENVOI_EVENT_*
 * @retval ENVOI_E_AGAIN  the verb is still in progress
 * @retval ENVOI_OK       no verb is in progress, or the verb succeeded
 * @retval ENVOI_E_BUSY   called from the watch function
 * @retval other          the verb's result
 * @since 0.1 */
int envoi_lookup_process(struct envoi_lookup *lookup, int fd, unsigned events);
/** Returns the time at which envoi_lookup_process() must be called at the latest, in milliseconds of CLOCK_MONOTONIC;
 * -1: no verb in progress. @since 0.1 */
int64_t envoi_lookup_deadline(const struct envoi_lookup *lookup);
/** @} */

#ifdef __cplusplus
}
#endif

#endif
