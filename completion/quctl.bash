# bash(1) completion for quctl(1)
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# quctl itself knows what may stand at the cursor (src/ctl/complete.h), and quotes it.

_quctl() {
        local line partial prefix name

        COMPREPLY=()
        while IFS= read -r line; do
                if [[ $line != $'\tfiles\t'* ]]; then
                        COMPREPLY+=("$line")
                        continue
                fi
                # "TAB files TAB BEGINNING TAB PREFIX": readline keeps the prefix of the beginning as it is
                line=${line#$'\tfiles\t'}
                partial=${line%%$'\t'*}
                prefix=${line#*$'\t'}
                compopt -o filenames 2>/dev/null
                while IFS= read -r name; do
                        COMPREPLY+=("${name#"$prefix"}")
                done < <(compgen -f -- "$partial")
        done < <(QUPTIME_COMPLETE_LINE=${COMP_LINE:0:COMP_POINT} QUPTIME_COMPLETE_BREAKS=$COMP_WORDBREAKS \
                quctl --complete bash 2>/dev/null)
}

complete -F _quctl quctl
