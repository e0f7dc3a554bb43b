# What clap does not know: operations, parameters, values, targets.
_meho_host_operations() {
    reply=(
@OPERATIONS@
    )
}

_meho_host_parameters() {
    case "$1" in
@PARAMETERS@
        *) reply=() ;;
    esac
}

_meho_host_values() {
    case "$1" in
@VALUES@
        *) reply=() ;;
    esac
}

_meho_host_targets() {
    mapfile -t reply < <(command meho-host target names 2>/dev/null)
}

_meho_host_complete() {
    local reply=() cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD - 1]}"
    local command='' second='' option='' given=' ' word i prefix=''
    # '=' parts words here.
    for ((i = 1; i < COMP_CWORD; i++)); do
        word="${COMP_WORDS[i]}"
        if [[ "$word" == '=' ]]; then
            continue
        elif [[ -n "$option" ]]; then
            option=''
            continue
        fi
        case "$word" in
            @OPTIONS@) option="$word" ;;
            -*) ;;
            *)
                if [[ -z "$command" ]]; then
                    command="$word"
                    # It takes arguments, and no word in front of them.
                    [[ "$command" == topology ]] && second='@DISCOVERY@'
                elif [[ -z "$second" ]]; then
                    second="$word"
                elif [[ "${COMP_WORDS[i - 1]}" != '=' ]]; then
                    given+="${word%%=*} "
                fi
                ;;
        esac
    done
    [[ "$cur" == '=' ]] && cur=''
    if [[ "$option" == '--target' ]]; then
        _meho_host_targets
    elif [[ -n "$option" && '|@NO-FILE@|' == *"|$option|"* ]]; then
        reply=()
    elif [[ -n "$option" || "$cur" == -* ]]; then
        @CLAP@ "$@"
        return
    else
        case "$command" in
            call | topology)
                if [[ -z "$second" ]]; then
                    _meho_host_operations
                elif [[ "$prev" == '=' ]]; then
                    _meho_host_values "$second.${COMP_WORDS[COMP_CWORD - 2]}"
                elif [[ "${COMP_WORDS[COMP_CWORD]}" == '=' ]]; then
                    _meho_host_values "$second.$prev"
                elif [[ "$cur" == *=* ]]; then
                    prefix="${cur%%=*}="
                    _meho_host_values "$second.${cur%%=*}"
                else
                    _meho_host_parameters "$second"
                    local all=("${reply[@]}")
                    reply=()
                    for word in "${all[@]}"; do
                        [[ "$given" == *" ${word%=} "* ]] || reply+=("$word")
                    done
                    compopt -o nospace 2>/dev/null
                fi
                ;;
            ops) [[ -z "$second" ]] && _meho_host_operations ;;
            target)
                case "$second" in
                    check | remove | default) _meho_host_targets ;;
                    *)
                        @CLAP@ "$@"
                        return
                        ;;
                esac
                ;;
            *)
                @CLAP@ "$@"
                return
                ;;
        esac
    fi
    COMPREPLY=()
    for word in "${reply[@]}"; do
        [[ "$prefix$word" == "$cur"* ]] && COMPREPLY+=("$prefix$word")
    done
}

complete -F _meho_host_complete -o nosort meho-host 2>/dev/null || complete -F _meho_host_complete meho-host
