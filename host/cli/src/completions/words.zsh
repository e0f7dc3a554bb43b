# What clap does not know: operations, parameters, values, targets.
functions[_meho_host_options]=$functions[_meho-host]

_meho_host_operations() {
    local -a known=(
@OPERATIONS@
    )
    _describe -t operations operation known
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
    local -a known=(${(f)"$(command meho-host target names 2>/dev/null)"})
    compadd -a known
}

_meho-host() {
    local -a reply given
    local command='' second='' option='' word
    local cur="${words[CURRENT]}"
    local -i i
    for ((i = 2; i < CURRENT; i++)); do
        word="${words[i]}"
        if [[ -n "$option" ]]; then
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
                else
                    given+=("${word%%=*}=")
                fi
                ;;
        esac
    done
    if [[ "$option" == '--target' ]]; then
        _meho_host_targets
    elif [[ -n "$option" && '|@NO-FILE@|' == *"|$option|"* ]]; then
        return 1
    elif [[ -n "$option" || "$cur" == -* ]]; then
        _meho_host_options "$@"
    elif [[ "$command" == (call|ops) && -z "$second" ]]; then
        _meho_host_operations
    elif [[ "$command" == (call|topology) && "$cur" == *=* ]]; then
        _meho_host_values "$second.${cur%%=*}"
        compadd -- "${cur%%=*}="${^reply}
    elif [[ "$command" == (call|topology) ]]; then
        _meho_host_parameters "$second"
        reply=(${reply:|given})
        compadd -S '' -a reply
    elif [[ "$command" == target && "$second" == (check|remove|default) ]]; then
        _meho_host_targets
    else
        _meho_host_options "$@"
    fi
}

if [ "$funcstack[1]" = "_meho-host" ]; then
    _meho-host "$@"
else
    compdef _meho-host meho-host
fi
