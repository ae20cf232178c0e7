# SPDX-License-Identifier: MIT
# The warnings of the house, for every C target of the tree.
add_compile_options(
  -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
  -Wundef -Wcast-qual -Wwrite-strings -fno-strict-aliasing -fstack-protector-strong)
if(ENVOI_WERROR)
  add_compile_options(-Werror)
endif()
# In core/ alone. Criterion mixes statements and declarations, so the tests cannot have the first. The second: the slots of a
# table have one signature, and few rows of the engine need all of its parameters.
set(ENVOI_CORE_WARNINGS -Wdeclaration-after-statement -Wno-unused-parameter)
