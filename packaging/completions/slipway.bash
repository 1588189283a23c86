# Completion of slipway for bash. What is offered comes from the program's own declarations (slipway __complete).
_slipway() {
  local line half=${COMP_WORDS[COMP_CWORD]} words=("${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=()
  # bash splits --output=js into three words.
  if [[ ${COMP_WORDS[COMP_CWORD]} == = ]]; then
    half=""; words=("${COMP_WORDS[@]:1:COMP_CWORD-1}" "")
  elif [[ COMP_CWORD -gt 1 && ${COMP_WORDS[COMP_CWORD-1]} == = ]]; then
    words=("${COMP_WORDS[@]:1:COMP_CWORD-2}" "$half")
  fi
  while IFS= read -r line; do
    case $line in
      :files) compopt -o filenames; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$half") ;;
      :folders) compopt -o filenames; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$half") ;;
      :commands) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$half") ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
}
complete -F _slipway slipway
