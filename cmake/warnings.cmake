# SPDX-License-Identifier: MIT
# The warnings of the house, for every C target of the tree.
add_compile_options(
  -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
  -Wundef -Wcast-qual -Wwrite-strings -fno-strict-aliasing -fstack-protector-strong)
if(ENVOI_WERROR)
  add_compile_options(-Werror)
endif()
# For all that is installed, and the examples. Not for tests: Criterion mixes statements and declarations.
set(ENVOI_SOURCE_WARNINGS -Wdeclaration-after-statement)
# In core/ alone: the slots of a table have one signature, and few rows of the engine need all of its parameters.
set(ENVOI_CORE_WARNINGS ${ENVOI_SOURCE_WARNINGS} -Wno-unused-parameter)
