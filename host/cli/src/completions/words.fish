# What clap does not know: operations, parameters, values, targets.
function __meho_host_operations
@OPERATIONS@
end

function __meho_host_parameters
    switch $argv[1]
@PARAMETERS@
    end
end

function __meho_host_values
    switch $argv[1]
@VALUES@
    end
end

# The words of the command line that are neither options nor their values.
function __meho_host_words
    set -l option ''
    for word in (commandline -opc)[2..-1]
        if test -n "$option"
            set option ''
        else if contains -- $word @OPTIONS@
            set option $word
        else if not string match -q -- '-*' $word
            echo $word
            # It takes arguments, and no word in front of them.
            test $word = topology; and echo @DISCOVERY@
        end
    end
end

function __meho_host_wants_operation
    set -l words (__meho_host_words)
    test (count $words) -eq 1; and contains -- $words[1] call ops
end

function __meho_host_wants_argument
    set -l words (__meho_host_words)
    test (count $words) -ge 2; and contains -- $words[1] call topology
end

function __meho_host_wants_target
    set -l words (__meho_host_words)
    test (count $words) -eq 2; and test $words[1] = target; and contains -- $words[2] check remove default
end

function __meho_host_arguments
    set -l words (__meho_host_words)
    set -l current (commandline -ct)
    if string match -q -- '*=*' $current
        set -l name (string split -m1 = -- $current)[1]
        for value in (__meho_host_values $words[2].$name)
            echo $name=$value
        end
    else
        set -l given (string replace -r '=.*' '=' -- $words[3..-1])
        for parameter in (__meho_host_parameters $words[2])
            contains -- $parameter $given; or echo $parameter
        end
    end
end

complete -c meho-host -n __meho_host_wants_operation -f -a '(__meho_host_operations)'
complete -c meho-host -n __meho_host_wants_argument -f -a '(__meho_host_arguments)'
complete -c meho-host -n __meho_host_wants_target -f -a '(command meho-host target names 2>/dev/null)'
complete -c meho-host -n '__fish_seen_subcommand_from call topology' -l target -x -a '(command meho-host target names 2>/dev/null)'
