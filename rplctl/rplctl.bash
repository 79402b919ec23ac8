# SPDX-License-Identifier: ISC
# bash completion for rplctl(8)

_rplctl()
{
    local cur=${COMP_WORDS[COMP_CWORD]} command='' socket=() i
    local commands='status tree graph nodes node hosts ping routes neighbors dodag interfaces counters
        metrics config monitor capture doctor repair dtsn dis forget log reload record help
        sensors bridge readings'
    COMPREPLY=()

    # The command is the first word that is neither an option nor an option's argument.
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -s | --socket)
            socket=(-s "${COMP_WORDS[i + 1]}")
            ((i++))
            ;;
        -c | --count | -o | --output) ((i++)) ;;
        -*) ;;
        *)
            command=${COMP_WORDS[i]}
            break
            ;;
        esac
    done

    case ${COMP_WORDS[COMP_CWORD - 1]} in
    -s | --socket | -o | --output)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    esac
    case $command in
    '')
        if [[ $cur == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W '-c -h -j -o -s -V --count --help --json --output --since --socket --version' \
                -- "$cur")
        else
            mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
        fi
        ;;
    bridge) mapfile -t COMPREPLY < <(compgen -W 'dead' -- "$cur") ;;
    readings) mapfile -t COMPREPLY < <(compgen -W '--json --since' -- "$cur") ;;
    graph) mapfile -t COMPREPLY < <(compgen -W 'dot' -- "$cur") ;;
    record) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    capture) mapfile -t COMPREPLY < <(compgen -W 'rpl data in out' -- "$cur") ;;
    repair) mapfile -t COMPREPLY < <(compgen -W 'global local' -- "$cur") ;;
    log) mapfile -t COMPREPLY < <(compgen -W 'err warn notice info debug' -- "$cur") ;;
    node | forget | ping)
        # Addresses hold colons, at which readline breaks words: cut off what stands already.
        mapfile -t COMPREPLY < <(compgen -W "$(rplctl "${socket[@]}" nodes 2>/dev/null |
            awk 'NR > 1 { print $1 }')" -- "$cur")
        if declare -F __ltrim_colon_completions >/dev/null; then
            __ltrim_colon_completions "$cur"
        fi
        ;;
    esac
}
complete -F _rplctl rplctl
