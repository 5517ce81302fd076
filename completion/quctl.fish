# fish(1) completion for quctl(1)
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# quctl itself knows what may stand at the cursor (src/ctl/complete.h); fish quotes it.

function __quctl_complete
    set -lx QUPTIME_COMPLETE_LINE (commandline -cp | string collect)
    for line in (command quctl --complete fish 2>/dev/null)
        # "TAB files TAB BEGINNING TAB PREFIX"
        set -l files (string match -r -g '^\tfiles\t(.*)\t(.*)$' -- $line)
        if test (count $files) -eq 0
            printf '%s\n' $line
        else
            for name in (__fish_complete_path $files[1])
                printf '%s%s\n' $files[2] $name
            end
        end
    end
end

complete -c quctl -f -a '(__quctl_complete)'
