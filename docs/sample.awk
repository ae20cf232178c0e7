# SPDX-License-Identifier: MIT
# Prints the program that a page shows as the block ```c NAME; fails when there is none.
#   awk -v name=first.c -f docs/sample.awk README.md
$0 == "```c " name {
    inside = found = 1
    next
}
/^```/ { inside = 0 }
inside
END { exit !found }
