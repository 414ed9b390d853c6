package cli

import (
	"github.com/spf13/cobra"
)

func completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     "Print the completion script for bash, zsh, fish or powershell",
		ValidArgs: shells,
		Args:      arguments(1, 1, "the shell (bash, zsh, fish or powershell)"),
		Example: `  source <(moonlet-lab completion bash)
  moonlet-lab completion zsh > "${fpath[1]}/_moonlet-lab"
  moonlet-lab completion fish > ~/.config/fish/completions/moonlet-lab.fish`,
		RunE: func(cmd *cobra.Command, args []string) error {
			root, w := cmd.Root(), cmd.OutOrStdout()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(w, true)
			case "zsh":
				return root.GenZshCompletion(w)
			case "fish":
				return root.GenFishCompletion(w, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(w)
			}
			return usageError("unknown shell %q: write bash, zsh, fish or powershell", args[0])
		},
	}
}
