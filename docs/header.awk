# SPDX-License-Identifier: MIT
# Prints the examples of a header, the blocks @code{.c} ... @endcode of its comments, as a source file; fails if there
# are none.
#   awk -f docs/header.awk include/envoi/session.h
BEGIN {
    print "#include <envoi/envoi.h>"
    print "#include <envoi/plugin.h>"
    print "#include <stdio.h>"
    print "#include <stdlib.h>"
}
/^ \* @endcode/ { inside = 0 }
inside {
    sub(/^ \* ?/, "")
    print
}
/^ \* @code\{\.c\}/ {
    inside = found = 1
    print ""
}
END { exit !found }
