# Completion of slipway for fish. What is offered comes from the program's own declarations (slipway __complete).
function __slipway_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path (commandline -ct)
            case ':folders'
                __fish_complete_directories (commandline -ct)
            case ':commands'
                __fish_complete_command
            case '*'
                echo $line
        end
    end
end
complete -c slipway -f -a '(__slipway_complete)'
