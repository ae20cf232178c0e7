/* SPDX-License-Identifier: MIT */
/* Lists of addresses, as in the field To and in --to (RFC 5322 sections 3.4 and 4.4). The library checks each address;
 * here they are found. What cannot be understood is an error, because a part that is skipped is a recipient who would
 * get nothing. */
#ifndef ACCOUNTS_ADDRESSES_H
#define ACCOUNTS_ADDRESSES_H

#include "accounts/fault.h"
#include <stddef.h>

/* Called for each address. Returns 0, or an exit code with *fault filled, which ends the reading. */
typedef int address_fn(void *ctx, const char *address, struct fault *fault);

/* Calls tell() for each address of list[0..len): without names, comments, groups and source routes. `where` names the
 * list in errors. Returns 0, or an exit code with *fault filled: an entry names no address. Blank entries are none. */
int addresses_read(const char *where, const char *list, size_t len, address_fn *tell, void *ctx, struct fault *fault);

/* The same with the offset in the list behind the address, where a domain would be added to it. */
typedef int address_place_fn(void *ctx, const char *address, size_t end, struct fault *fault);
/* Reads a list that somebody else has written, and that need not be perfect: passes over an entry without an address,
 * such as "<>" or a comment alone, and takes ';' between addresses as ','. Else as addresses_read(). */
int addresses_locate(const char *where, const char *list, size_t len, address_place_fn *tell, void *ctx,
                     struct fault *fault);

/* A set of addresses. NULL is an empty one. */
struct address_set;
/* Adds an address. Returns 1; 0 if it is there already, in this or another spelling (the domain in capitals, the local
 * part in quotes without need); -1 if memory ran out. */
int address_set_add(struct address_set **set, const char *address);
void address_set_free(struct address_set *set);

#endif
