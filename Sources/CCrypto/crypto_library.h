// SPDX-License-Identifier: Apache-2.0
#ifndef SITESTACKER_CRYPTO_LIBRARY_H
#define SITESTACKER_CRYPTO_LIBRARY_H

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/obj_mac.h>

// OpenSSL's macros do not reach Swift; these give the few that are needed a name.

static inline int sitestacker_bn_mod(BIGNUM *remainder, const BIGNUM *number,
                                     const BIGNUM *modulus, BN_CTX *context) {
    return BN_mod(remainder, number, modulus, context);
}

static inline void sitestacker_bn_make_constant_time(BIGNUM *number) {
    BN_set_flags(number, BN_FLG_CONSTTIME);
}

#endif
