// SPDX-License-Identifier: Apache-2.0

/// What the vendor's manual shows.
public enum VendorManual {
    /// The example of `status`, as it stands there.
    public static let status = """
        Hostname: DWIGHT01
        Path: /home/dwight01/Sites/sitestacker
        Database: 5.7.17
          Size: 29 MB
        Is Locked: false
        Repositories:\u{20}
          REPOSITORY              \t  HEAD                                        \t\
          UPDATED ON\t  UPDATED BY\t
          [core]                  \t  6212a58 (master, origin/master, origin/HEAD)\t\
                    \t            \t
          packages/templates/ACSSA\t  27d9bb7 (1.0.0, 27d9bb7)                    \t\
                    \t            \t
          packages/templates/NAMB \t  4375fe1 (1.1.0-beta, 4375fe1)               \t\
                    \t            \t
        Cluster URL: 172.17.0.1:8082

        SERVER: 172.17.0.1:8081
        Hostname: 50c95878554b
        Path: /var/www/html
        Database: 5.7.17
          Size: 29 MB
        Is Locked: false
        Repositories:\u{20}
          REPOSITORY\t  HEAD                                        \t  UPDATED ON\t  UPDATED BY\t
          [core]    \t  6212a58 (master, origin/master, origin/HEAD)\t            \t            \t
        The following actions will be performed:
        OK: . is in sync
        clone: packages/templates/ACSSA at 27d9bb77457e12f3ac06043f1b3b3f61959e96de
        clone: packages/templates/NAMB at 4375fe16d42634dc31807f558ae809b7f948182f
        Stop because of '--dry-run', nothing changed.
        """
}
