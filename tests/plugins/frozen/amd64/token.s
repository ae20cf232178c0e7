	.file	"token.c"
	.text
	.type	init, @function
init:
	movq	%rdi, (%rsi)
	xorl	%eax, %eax
	ret
	.size	init, .-init
	.section	.rodata.str1.1,"aMS",@progbits,1
.LC0:
	.string	"X-TOKEN"
	.text
	.type	mech_at, @function
mech_at:
	movl	$-3, %eax
	testq	%rsi, %rsi
	jne	.L2
	movabsq	$21474836497, %rax
	movq	%rax, 4(%rdx)
	leaq	.LC0(%rip), %rax
	movq	%rax, 16(%rdx)
	xorl	%eax, %eax
.L2:
	ret
	.size	mech_at, .-mech_at
	.type	same, @function
same:
	movq	16(%rcx), %rdi
	jmp	*8(%rcx)
	.size	same, .-same
	.section	.rodata.str1.1
.LC1:
	.string	"layer"
	.text
	.type	layer, @function
layer:
	pushq	%rbp
	movq	%rdi, %rbp
	leaq	.LC1(%rip), %rdx
	pushq	%rbx
	movq	%rsi, %rbx
	movl	$2, %esi
	pushq	%rax
	movq	(%rdi), %rax
	movq	%rax, %rdi
	call	*40(%rax)
	movq	8(%rbp), %rax
	cmpl	$0, 12(%rax)
	movq	$100, 8(%rbx)
	setne	%al
	movzbl	%al, %eax
	movl	%eax, 4(%rbx)
	leaq	same(%rip), %rax
	movq	%rax, 16(%rbx)
	movq	%rax, 24(%rbx)
	xorl	%eax, %eax
	popq	%rdx
	popq	%rbx
	popq	%rbp
	ret
	.size	layer, .-layer
	.type	mech_free, @function
mech_free:
	testq	%rdi, %rdi
	je	.L9
	movq	(%rdi), %rax
	jmp	*24(%rax)
.L9:
	ret
	.size	mech_free, .-mech_free
	.section	.rodata.str1.1
.LC2:
	.string	"mech %s ssf %u %u %u %s %s list %s"
	.text
	.type	mech_new, @function
mech_new:
	pushq	%r15
	pushq	%r14
	movq	%rsi, %r14
	pushq	%r13
	movq	%rcx, %r13
	pushq	%r12
	movq	%rdi, %r12
	movl	$24, %edi
	pushq	%rbp
	pushq	%rbx
	movq	%rdx, %rbx
	subq	$264, %rsp
	call	*8(%r12)
	movq	%rax, %rbp
	movl	$-20, %eax
	testq	%rbp, %rbp
	je	.L11
	xorl	%eax, %eax
	movq	%rsp, %r15
	movq	%r12, 0(%rbp)
	movq	%r14, %rcx
	movl	%eax, 16(%rbp)
	movl	12(%rbx), %eax
	movl	$256, %esi
	movq	%r15, %rdi
	movq	%rbx, 8(%rbp)
	leaq	.LC2(%rip), %rdx
	pushq	32(%rbx)
	pushq	24(%rbx)
	pushq	16(%rbx)
	pushq	%rax
	xorl	%eax, %eax
	movl	8(%rbx), %r9d
	movl	4(%rbx), %r8d
	call	snprintf@PLT
	movq	%r15, %rsp
	movq	%r15, %rdx
	movl	$2, %esi
	movq	%r12, %rdi
	call	*40(%r12)
	movq	%rbp, 0(%r13)
	xorl	%eax, %eax
.L11:
	addq	$264, %rsp
	popq	%rbx
	popq	%rbp
	popq	%r12
	popq	%r13
	popq	%r14
	popq	%r15
	ret
	.size	mech_new, .-mech_new
	.type	usable, @function
usable:
	pushq	%rbx
	movq	%rsi, %rdi
	leaq	.LC0(%rip), %rsi
	movq	%rdx, %rbx
	call	strcmp@PLT
	testl	%eax, %eax
	jne	.L18
	cmpl	$0, 4(%rbx)
	movl	$-62, %edx
	cmove	%edx, %eax
	jmp	.L16
.L18:
	movl	$-62, %eax
.L16:
	popq	%rbx
	ret
	.size	usable, .-usable
	.section	.rodata.str1.1
.LC3:
	.string	"for the test"
.LC4:
	.string	":"
	.text
	.type	put.isra.0, @function
put.isra.0:
	pushq	%rbp
	leaq	.LC0(%rip), %rcx
	movq	%rdi, %rax
	pushq	%rbx
	movq	%rdx, %rbx
	xorl	%edx, %edx
	subq	$88, %rsp
	movq	56(%rdi), %rdi
	movq	%rcx, 24(%rsp)
	leaq	40(%rsp), %rbp
	leaq	.LC3(%rip), %rcx
	movl	%esi, 20(%rsp)
	leaq	16(%rsp), %rsi
	movq	%rdx, 48(%rsp)
	movq	%rdx, 56(%rsp)
	movq	%rdx, 64(%rsp)
	movq	%rdx, 72(%rsp)
	movq	%rbp, %rdx
	movl	$24, 16(%rsp)
	movq	%rcx, 32(%rsp)
	movl	$40, 40(%rsp)
	call	*48(%rax)
	testl	%eax, %eax
	jne	.L21
	movq	16(%rbx), %rdi
	movq	56(%rsp), %rdx
	movq	48(%rsp), %rsi
	call	*8(%rbx)
	movq	%rbp, %rdi
	movl	%eax, 12(%rsp)
	call	*64(%rsp)
	movl	12(%rsp), %eax
	testl	%eax, %eax
	jne	.L21
	movq	16(%rbx), %rdi
	movl	$1, %edx
	leaq	.LC4(%rip), %rsi
	call	*8(%rbx)
.L21:
	addq	$88, %rsp
	popq	%rbx
	popq	%rbp
	ret
	.size	put.isra.0, .-put.isra.0
	.section	.rodata.str1.1
.LC5:
	.string	"more"
.LC6:
	.string	"enough"
.LC7:
	.string	"token: another challenge"
.LC8:
	.string	"tls-exporter"
	.text
	.type	step, @function
step:
	pushq	%r12
	pushq	%rbp
	movq	%rcx, %rbp
	xorl	%ecx, %ecx
	pushq	%rbx
	movq	%rdi, %rbx
	xorl	%edi, %edi
	subq	$32, %rsp
	movl	%edi, (%r9)
	movl	16(%rbx), %eax
	movq	%rcx, 8(%rsp)
	leal	1(%rax), %ecx
	movl	%ecx, 16(%rbx)
	testl	%eax, %eax
	je	.L25
	movl	$1, (%r8)
	cmpq	$4, %rdx
	jne	.L26
	movq	%rsi, %rdi
	leaq	.LC5(%rip), %rsi
	call	memcmp@PLT
	testl	%eax, %eax
	jne	.L26
	movq	16(%rbp), %rdi
	movl	$6, %edx
	leaq	.LC6(%rip), %rsi
	jmp	.L34
.L26:
	movq	(%rbx), %rax
	movq	8(%rbx), %rdx
	leaq	.LC7(%rip), %r8
	xorl	%ecx, %ecx
	movq	64(%rdx), %rsi
	movq	%rax, %rdi
	movl	$-50, %edx
	call	*48(%rax)
	movl	$-50, %eax
	jmp	.L24
.L25:
	xorl	%edx, %edx
	movq	8(%rbx), %rdi
	movl	$1, %esi
	movq	%r9, %r12
	movl	%edx, (%r8)
	movq	%rbp, %rdx
	call	put.isra.0
	testl	%eax, %eax
	je	.L28
	cmpl	$-1, %eax
	jne	.L24
.L29:
	xorl	%eax, %eax
	movl	$4, (%r12)
	movl	%eax, 16(%rbx)
	orl	$-1, %eax
	jmp	.L24
.L28:
	movq	8(%rbx), %rdi
	movq	%rbp, %rdx
	movl	$4, %esi
	call	put.isra.0
	cmpl	$-1, %eax
	je	.L29
	testl	%eax, %eax
	jne	.L24
	movq	8(%rbx), %rax
	leaq	16(%rsp), %rbx
	leaq	8(%rsp), %r8
	movl	$16, %ecx
	movq	%rbx, %rdx
	leaq	.LC8(%rip), %rsi
	movq	56(%rax), %rdi
	call	*40(%rax)
	testl	%eax, %eax
	jne	.L24
	movq	16(%rbp), %rdi
	movq	8(%rsp), %rdx
	movq	%rbx, %rsi
.L34:
	call	*8(%rbp)
.L24:
	addq	$32, %rsp
	popq	%rbx
	popq	%rbp
	popq	%r12
	ret
	.size	step, .-step
	.globl	envoi_plugin_token
	.type	envoi_plugin_token, @function
envoi_plugin_token:
	leaq	plugin(%rip), %rax
	ret
	.size	envoi_plugin_token, .-envoi_plugin_token
	.section	.rodata.str1.1
.LC9:
	.string	"token"
.LC10:
	.string	"1.0"
.LC11:
	.string	"MIT"
	.section	.data.rel.ro.local,"aw"
	.align 32
	.type	plugin, @object
	.size	plugin, 72
plugin:
	.long	72
	.long	1162761807
	.long	1
	.long	0
	.quad	.LC9
	.quad	.LC10
	.quad	.LC11
	.quad	init
	.quad	0
	.quad	0
	.quad	mechanisms
	.align 16
	.type	mechanisms, @object
	.size	mechanisms, 16
mechanisms:
	.quad	mechanism
	.quad	0
	.align 32
	.type	mechanism, @object
	.size	mechanism, 64
mechanism:
	.long	64
	.zero	4
	.quad	.LC9
	.quad	mech_at
	.quad	usable
	.quad	mech_new
	.quad	step
	.quad	layer
	.quad	mech_free
	.section	.note.GNU-stack,"",@progbits
