/* SPDX-License-Identifier: Apache-2.0 */
/* The installed libzmq. No pkg-config: its flags make the package manager warn. */
#ifndef SITESTACKER_CZEROMQLIBRARY_H
#define SITESTACKER_CZEROMQLIBRARY_H

#include <zmq.h>

#endif
