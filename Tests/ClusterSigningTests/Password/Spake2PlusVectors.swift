// SPDX-License-Identifier: Apache-2.0
import Testing

/// One run of RFC 9383, appendix C, on P-256.
///
/// The four ciphersuites on P-256 share group, shares and transcript; the key schedule is checked
/// as far as it is that of SHA-256, `confirmP` and `confirmV` where the code is HMAC.
struct Spake2PlusVector: Sendable, CustomTestStringConvertible {
    let context: String
    let w0: String
    let w1: String
    let l: String
    let x: String
    let shareP: String
    let y: String
    let shareV: String
    let z: String
    let v: String
    let transcript: String
    let keyMain: String
    let confirmP: String
    let confirmV: String
    let sharedKey: String

    var testDescription: String { context }
    var usesSHA256: Bool { context.contains("HKDF-SHA256") }
    var usesHMAC: Bool { context.contains("HMAC") }

    static let p256: [Spake2PlusVector] = [
        Spake2PlusVector(
            context: "SPAKE2+-P256-SHA256-HKDF-SHA256-HMAC-SHA256 Test Vectors",
            w0: "bb8e1bbcf3c48f62c08db243652ae55d3e5586053fca77102994f23ad95491b3",
            w1: "7e945f34d78785b8a3ef44d0df5a1a97d6b3b460409a345ca7830387a74b1dba",
            l: """
                04eb7c9db3d9a9eb1f8adab81b5794c1f13ae3e225efbe91ea487425854c7fc00f00bfedcbd09b
                2400142d40a14f2064ef31dfaa903b91d1faea7093d835966efd
                """,
            x: "d1232c8e8693d02368976c174e2088851b8365d0d79a9eee709c6a05a2fad539",
            shareP: """
                04ef3bd051bf78a2234ec0df197f7828060fe9856503579bb1733009042c15c0c1de127727f418
                b5966afadfdd95a6e4591d171056b333dab97a79c7193e341727
                """,
            y: "717a72348a182085109c8d3917d6c43d59b224dc6a7fc4f0483232fa6516d8b3",
            shareV: """
                04c0f65da0d11927bdf5d560c69e1d7d939a05b0e88291887d679fcadea75810fb5cc1ca7494db
                39e82ff2f50665255d76173e09986ab46742c798a9a68437b048
                """,
            z: """
                04bbfce7dd7f277819c8da21544afb7964705569bdf12fb92aa388059408d50091a0c5f1d3127f
                56813b5337f9e4e67e2ca633117a4fbd559946ab474356c41839
                """,
            v: """
                0458bf27c6bca011c9ce1930e8984a797a3419797b936629a5a937cf2f11c8b9514b82b993da8a
                46e664f23db7c01edc87faa530db01c2ee405230b18997f16b68
                """,
            transcript: """
                38000000000000005350414b45322b2d503235362d5348413235362d484b44462d534841323536
                2d484d41432d534841323536205465737420566563746f72730600000000000000636c69656e74
                0600000000000000736572766572410000000000000004886e2f97ace46e55ba9dd7242579f299
                3b64e16ef3dcab95afd497333d8fa12f5ff355163e43ce224e0b0e65ff02ac8e5c7be09419c785
                e0ca547d55a12e2d20410000000000000004d8bbd6c639c62937b04d997f38c3770719c629d701
                4d49a24b4f98baa1292b4907d60aa6bfade45008a636337f5168c64d9bd36034808cd564490b1e
                656edbe7410000000000000004ef3bd051bf78a2234ec0df197f7828060fe9856503579bb17330
                09042c15c0c1de127727f418b5966afadfdd95a6e4591d171056b333dab97a79c7193e34172741
                0000000000000004c0f65da0d11927bdf5d560c69e1d7d939a05b0e88291887d679fcadea75810
                fb5cc1ca7494db39e82ff2f50665255d76173e09986ab46742c798a9a68437b048410000000000
                000004bbfce7dd7f277819c8da21544afb7964705569bdf12fb92aa388059408d50091a0c5f1d3
                127f56813b5337f9e4e67e2ca633117a4fbd559946ab474356c4183941000000000000000458bf
                27c6bca011c9ce1930e8984a797a3419797b936629a5a937cf2f11c8b9514b82b993da8a46e664
                f23db7c01edc87faa530db01c2ee405230b18997f16b682000000000000000bb8e1bbcf3c48f62
                c08db243652ae55d3e5586053fca77102994f23ad95491b3
                """,
            keyMain: "4c59e1ccf2cfb961aa31bd9434478a1089b56cd11542f53d3576fb6c2a438a29",
            confirmP: "926cc713504b9b4d76c9162ded04b5493e89109f6d89462cd33adc46fda27527",
            confirmV: "9747bcc4f8fe9f63defee53ac9b07876d907d55047e6ff2def2e7529089d3e68",
            sharedKey: "0c5f8ccd1413423a54f6c1fb26ff01534a87f893779c6e68666d772bfd91f3e7"),
        Spake2PlusVector(
            context: "SPAKE2+-P256-SHA512-HKDF-SHA512-HMAC-SHA512 Test Vectors",
            w0: "1cc5207d6e34b8f7828206fb64b86aa9c712bc952abf251bb9f5856b24d8c8cc",
            w1: "4279649e62532b01dc27d2ed39100ba350518fb969672061a01edce752d0e672",
            l: """
                043a348ad475d2200d46df876f1eb2e136056da31dafff52cc7762bf3be84de0097c4e69b0b932
                1326af1f0af4a14561a9c7b640cb5afd6822d14cb34830fc4511
                """,
            x: "b586ab83f175c1a2b56b6a1b6a283523f88a9befcf11e22efb48e2ee1fe69a23",
            shareP: """
                04a7928c4b47f6b8657a5b8ebcb6f1bd266192e152fb9745a4180c94657a2f323b4d50d536c032
                5cdb0ec42c9bd8db8d7af3ff6dc85edb4b5365375c62e09def4a
                """,
            y: "ac1fb828f041782d452ea9cc00c3fa34a55fa8f7f98c04be45a3d607b092d441",
            shareV: """
                04498c29e37dbd53ebf8db76679901d90c6be3af57f46ac3025b32420839f0489c6c3b6bf5ddc8
                ecbc3d7c83d0891ad814a00ad23eba13197c9d96a5b10275e35d
                """,
            z: """
                04a81e31be54283cee81bf7bdc877764b6b2ac6a399f1176380aac8a82172c18051aa17dfcf438
                896ad253f53b52cd45ec2c7399488a919bcfcfecc0261cbf5284
                """,
            v: """
                04de0a53f96cbe4abcd31c1e0a23ea6f169c162dc5a007393c8fcddd2abd5d518bb2d9734b1d2d
                fce3fd916e991ab9dc3a2760d439c083eb39b65408857d2bb4aa
                """,
            transcript: """
                38000000000000005350414b45322b2d503235362d5348413531322d484b44462d534841353132
                2d484d41432d534841353132205465737420566563746f72730600000000000000636c69656e74
                0600000000000000736572766572410000000000000004886e2f97ace46e55ba9dd7242579f299
                3b64e16ef3dcab95afd497333d8fa12f5ff355163e43ce224e0b0e65ff02ac8e5c7be09419c785
                e0ca547d55a12e2d20410000000000000004d8bbd6c639c62937b04d997f38c3770719c629d701
                4d49a24b4f98baa1292b4907d60aa6bfade45008a636337f5168c64d9bd36034808cd564490b1e
                656edbe7410000000000000004a7928c4b47f6b8657a5b8ebcb6f1bd266192e152fb9745a4180c
                94657a2f323b4d50d536c0325cdb0ec42c9bd8db8d7af3ff6dc85edb4b5365375c62e09def4a41
                0000000000000004498c29e37dbd53ebf8db76679901d90c6be3af57f46ac3025b32420839f048
                9c6c3b6bf5ddc8ecbc3d7c83d0891ad814a00ad23eba13197c9d96a5b10275e35d410000000000
                000004a81e31be54283cee81bf7bdc877764b6b2ac6a399f1176380aac8a82172c18051aa17dfc
                f438896ad253f53b52cd45ec2c7399488a919bcfcfecc0261cbf5284410000000000000004de0a
                53f96cbe4abcd31c1e0a23ea6f169c162dc5a007393c8fcddd2abd5d518bb2d9734b1d2dfce3fd
                916e991ab9dc3a2760d439c083eb39b65408857d2bb4aa20000000000000001cc5207d6e34b8f7
                828206fb64b86aa9c712bc952abf251bb9f5856b24d8c8cc
                """,
            keyMain: """
                527613439c279a375c116342a4216a8d92441d2fe1921dd1e60f140b2855916ccac7db4dbf22bd
                56e344a8cd506d08949bde1e9d83c24d68ff4246458dc14288
                """,
            confirmP: """
                6b2469b56cf8ac3f94a8d0b533380ea6b3d0f46b3e12ee82550d49e129c2412728c9437a64ee5f
                80c8cdc5e8a30faa0a6deb8a5251346ba81bb6fc955b2304fc
                """,
            confirmV: """
                154174fc278a935e290b3352ba877e179fa9281c0a76928faea703c72d383b267511a5cf084cb0
                7147efece94e3cfd91944e7baab856858fbebc087167b0f409
                """,
            sharedKey: """
                11887659d9e002f34fa6cc270d33570f001b2a3fc0522b643c07327d09a4a9f47aab85813d13c5
                85b53adf5ac9de5707114848f3dc31a4045f69a2cc1972b098
                """),
        Spake2PlusVector(
            context: "SPAKE2+-P256-SHA256-HKDF-SHA256-CMAC-AES-128 Test Vectors",
            w0: "9aad90c603cf16cec4ee40d81acd7a865130b28cc6d0664ae2e0f406aa47ed61",
            w1: "872be859cec1e78d191882bd9c2f032af018a25016813788fe8954bfffc58c8e",
            l: """
                04d79a53698c5dd79e14b426e73b4a7f1b42469815fe24e8f53ce01579e902eb198d59f05bc451
                c41826b88e3db5476a69e197fdf474c75b387f6d40361c3fda35
                """,
            x: "9d39a3511a007a7d3fe6af5555cf60301bcda503f2bf6634b2caf9e4fd0743a1",
            shareP: """
                04788218027ba4b17f7279ef0aef47a8733cf88b5bf65d6127ecadc78b8a0f65b9001f7e54719f
                b63c072ddd1e1a4adfb376dde37ba1aa2082362b6c2ca14a8e53
                """,
            y: "9c3219841626325c68d89c22fb6c55611e3136442daa8b9b784db7242afff3ed",
            shareV: """
                04c05953ea9d1cd6248b8c61becd7d55e46237526d8b1e23495ea7566b7f6bc24b3da1cfb2e88a
                975fcfb5dc4e72b5cbea509b1cfdd1ef8f8195fa8bf2bd5ca1e5
                """,
            z: """
                049444a17ad5909548a084fa182275a89a496ec6669bd08892aa9c64a512d40212147e6005bf1d
                510e3bbcfee8efc38243acaf4c5f2decffa009341b1e330b0442
                """,
            v: """
                0457a8919af393e2da1de209a01fdda275eab0a682d8931b0e6ee1b933979463a25ccbcda1956a
                6a555706f0b062aa880617bd219d09391ad8576d3a73e9233f57
                """,
            transcript: """
                39000000000000005350414b45322b2d503235362d5348413235362d484b44462d534841323536
                2d434d41432d4145532d313238205465737420566563746f72730600000000000000636c69656e
                740600000000000000736572766572410000000000000004886e2f97ace46e55ba9dd7242579f2
                993b64e16ef3dcab95afd497333d8fa12f5ff355163e43ce224e0b0e65ff02ac8e5c7be09419c7
                85e0ca547d55a12e2d20410000000000000004d8bbd6c639c62937b04d997f38c3770719c629d7
                014d49a24b4f98baa1292b4907d60aa6bfade45008a636337f5168c64d9bd36034808cd564490b
                1e656edbe7410000000000000004788218027ba4b17f7279ef0aef47a8733cf88b5bf65d6127ec
                adc78b8a0f65b9001f7e54719fb63c072ddd1e1a4adfb376dde37ba1aa2082362b6c2ca14a8e53
                410000000000000004c05953ea9d1cd6248b8c61becd7d55e46237526d8b1e23495ea7566b7f6b
                c24b3da1cfb2e88a975fcfb5dc4e72b5cbea509b1cfdd1ef8f8195fa8bf2bd5ca1e54100000000
                000000049444a17ad5909548a084fa182275a89a496ec6669bd08892aa9c64a512d40212147e60
                05bf1d510e3bbcfee8efc38243acaf4c5f2decffa009341b1e330b044241000000000000000457
                a8919af393e2da1de209a01fdda275eab0a682d8931b0e6ee1b933979463a25ccbcda1956a6a55
                5706f0b062aa880617bd219d09391ad8576d3a73e9233f5720000000000000009aad90c603cf16
                cec4ee40d81acd7a865130b28cc6d0664ae2e0f406aa47ed61
                """,
            keyMain: "6002da6b2740056f2836ac0316ae9e02e2b24c5c109883136e90ed868b2fcf62",
            confirmP: "d340bc94a03feafd14491e316514ca5f",
            confirmV: "2b42d0fe76bcf9ccc208d06d60082f96",
            sharedKey: "e832094adfc028bf288e49ab902fc208b7eeff084f259da7613c0479869d4fc9"),
        Spake2PlusVector(
            context: "SPAKE2+-P256-SHA512-HKDF-SHA512-CMAC-AES-128 Test Vectors",
            w0: "56e0299ac95739b616a973276c1338e3651285345dde2f7faf74c25c0b50eb90",
            w1: "462fe5b522a17d3d35b27323113bdd252de9cbfdd6f264b35721bf59a9a74f0b",
            l: """
                040540332ffec8a2faa8d17ae6da5973c11e078b8c10c89fd6af996726b8023513eff2914c3ced
                64fbedd4e261438fb0ea6ef9fc1faef4ba1ead780636faac1bc1
                """,
            x: "254dd22780eeb6af2464dd6a2bd026b46a34966d6933607f1be956314f74b0ea",
            shareP: """
                049661cfdb0f7bd24b637f8d1d0f464c17f0b9c15129ea31156dcc581da6c840240b275d72f28e
                a73a5c088c99d73896af24a5ae26e036eb2dedaf26e511a24a48
                """,
            y: "695beec24305fbd5660bc200228598e7c891fdf60a55df4bdd3a57debc38474a",
            shareV: """
                0461f580eb3eb4b2f412d5c07491f360ad6e4492d8f23e346f0ba999fbbcb9715a3c2485c3b250
                a6672e6698da3c9a9725645f607ee90a9b1b34fd44b9df6e551a
                """,
            z: """
                0406f77a4bca254219dc3eeca9989f377037407105540bfddc5bdeff3d27a87d68442e69d543a0
                00077bd4c42e33930f890d29fb4be5e8dcc627f6811ace96c274
                """,
            v: """
                0442952a531a2937e03808e74f6d65afbedb4cfb7fcf91991498f77db21b146f5c2249e727e374
                de03f32848465aba5c5ebfe6501d3537d09160c7f42e4b3f133d
                """,
            transcript: """
                39000000000000005350414b45322b2d503235362d5348413531322d484b44462d534841353132
                2d434d41432d4145532d313238205465737420566563746f72730600000000000000636c69656e
                740600000000000000736572766572410000000000000004886e2f97ace46e55ba9dd7242579f2
                993b64e16ef3dcab95afd497333d8fa12f5ff355163e43ce224e0b0e65ff02ac8e5c7be09419c7
                85e0ca547d55a12e2d20410000000000000004d8bbd6c639c62937b04d997f38c3770719c629d7
                014d49a24b4f98baa1292b4907d60aa6bfade45008a636337f5168c64d9bd36034808cd564490b
                1e656edbe74100000000000000049661cfdb0f7bd24b637f8d1d0f464c17f0b9c15129ea31156d
                cc581da6c840240b275d72f28ea73a5c088c99d73896af24a5ae26e036eb2dedaf26e511a24a48
                41000000000000000461f580eb3eb4b2f412d5c07491f360ad6e4492d8f23e346f0ba999fbbcb9
                715a3c2485c3b250a6672e6698da3c9a9725645f607ee90a9b1b34fd44b9df6e551a4100000000
                0000000406f77a4bca254219dc3eeca9989f377037407105540bfddc5bdeff3d27a87d68442e69
                d543a000077bd4c42e33930f890d29fb4be5e8dcc627f6811ace96c27441000000000000000442
                952a531a2937e03808e74f6d65afbedb4cfb7fcf91991498f77db21b146f5c2249e727e374de03
                f32848465aba5c5ebfe6501d3537d09160c7f42e4b3f133d200000000000000056e0299ac95739
                b616a973276c1338e3651285345dde2f7faf74c25c0b50eb90
                """,
            keyMain: """
                111790ae23de3fc5bb43bdc1f63106461dbd8d86360adf056bf1171648bfb231503853db262527
                5b7136b5a823dd5a94482514fce7f791c4daca2b21c7bde756
                """,
            confirmP: "0dc514d262e37470eb43e058e0d615f4",
            confirmV: "de076589efcd5d96c2ea6061d96772d9",
            sharedKey: """
                488a34663d6be5e02590bb8e9ad9ad3e0f580dec41e8b99ed4ae4b734da49287638cac4c9f17fe
                3c3ae18dda0d6d7f14c17e4640d5a2aaab959efa0cbea4e546
                """),
    ]
}
