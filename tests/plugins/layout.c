/* SPDX-License-Identifier: MIT */
/* layout.h, checked by the compiler: with 64 bits, with 32 where it can, and for each version that a plugin may be
 * written for. */
#include <envoi/plugin.h>

#if UINTPTR_MAX > 0xffffffff
#define WIDTH(bits64, bits32) (bits64)
#else
#define WIDTH(bits64, bits32) (bits32)
#endif

#define ROUNDED(type, size) (((size) + _Alignof(struct type) - 1) / _Alignof(struct type) * _Alignof(struct type))
#define IS_AT(type, member, at)                                                                                        \
    _Static_assert(offsetof(struct type, member) == (at), #type "." #member " was moved: that breaks the ABI");
#define IS_LARGE(type, size)                                                                                           \
    _Static_assert(sizeof(struct type) == ROUNDED(type, size), #type " has another size: layout.h lacks a row");
/* A member in the padding of an older version would seem to be there in a struct of that version. */
#define IS_BEHIND(type, member, before)                                                                                \
    _Static_assert(offsetof(struct type, member) >= (before), #type "." #member " is in the place of padding");

#define MEMBER_0(type, member, bits64, bits32) IS_AT(type, member, WIDTH(bits64, bits32))
#define SIZE(type, bits64, bits32)             IS_LARGE(type, WIDTH(bits64, bits32))

#if ENVOI_ABI_MINOR >= 1
#define SIZE_0(type, bits64, bits32) enum { type##_size_0 = WIDTH(bits64, bits32) };
#define MEMBER_1(type, member, bits64, bits32)                                                                         \
    IS_AT(type, member, WIDTH(bits64, bits32)) IS_BEHIND(type, member, type##_size_0)
#define SIZE_1(type, bits64, bits32) IS_LARGE(type, WIDTH(bits64, bits32))
#else
#define SIZE_0(type, bits64, bits32) IS_LARGE(type, WIDTH(bits64, bits32))
#define MEMBER_1(type, member, bits64, bits32)
#define SIZE_1(type, bits64, bits32)
#endif

#include "layout.h"
