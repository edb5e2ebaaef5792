// SPDX-License-Identifier: Apache-2.0
#ifndef SITESTACKER_SODIUM_LIBRARY_H
#define SITESTACKER_SODIUM_LIBRARY_H

#include <sodium.h>

#endif
